"""The nouns of Spanish, French, Italian and Portuguese that numbers count: their endings and exceptions. Pure."""

from __future__ import annotations

from kokoro_wyoming.pronunciation.normalization.counting import Nouns

SPANISH = Nouns(
    feminine=(
        r".*(?:as?|[csgxn]i[oó]n(?:es)?|[dt]ad(?:es)?|tud(?:es)?|umbres?)|(?:luz|luce|vez|vece|voz|voce|cruz|"
        r"cruce|raíz|raíce|paz|noche|tarde|pared|parede|llave|calle|clase|torre|nube|mano|foto|moto|radio|"
        r"flor|flore|imagen|imágene|señal|señale|red|rede|sal|sale|piel|piele|fuente|parte|suerte|leche|carne|"
        r"nave|base|frase|fase|serie|especie|muerte|mujer|mujere|madre|cárcel|sede|fiebre|ley|leye|razón|"
        r"razone|sangre|mente|corriente|superficie|nieve|catástrofe|hélice|índole|sien|siene|tos|crisis|tesis|"
        r"dosis|hipótesis|variable|gripe|bici|tele|ave|clave|nuez|nuece|miel|col|cole|coliflor|coliflore|labor|labore|"
        r"orden|órdene|sartén|sartene|nariz|narice|perdiz|perdice|matriz|matrice|actriz|actrice|catedral|catedrale|"
        r"central|centrale|postal|postale|sucursal|sucursale|credencial|credenciale|app|web|playlist)s?"
    ),
    masculine=(
        r"(?:d[ií]a|mapa|planeta|cometa|problema|sistema|programa|tema|clima|idioma|poema|esquema|teorema|"
        r"dilema|emblema|lema|drama|panorama|fantasma|síntoma|aroma|diploma|trauma|enigma|prisma|plasma|sofá|"
        r"pijama|tranvía|guardia|pirata|poeta|atleta|gorila|panda|koala|mediodía|.*grama|(?!(?:.*vista|"
        r"(?:auto)?pista|lista|conquista|arista)s?$).*ista|análisi|avión|avione|camión|camione|gorrión|"
        r"gorrione)s?|gas|compás|atlas|paraguas|más|agua|águila|área|arma|aula|alma|hacha|ala|paracaídas|"
        r"sofás|ave|hada|ancla"
    ),
    known=(
        "hora persona luz lámpara puerta ventana persiana habitación bombilla alarma tarea cámara vez semana "
        "notificación actualización canción noticia cosa silla taza cucharada cucharadita botella grado minuto "
        "segundo día mes año dispositivo sensor evento mensaje litro metro kilómetro euro vatio correo elemento "
        "temporizador enchufe millón dólar libra céntimo"
    ),
    plural=r".*s",
    adjectives="grandes posibles importantes diferentes siguientes principales mil",
    never=(
        "que con por para sin son está están fue era hay los las les nos sus mis tus más menos tres dos seis "
        "tras antes después además jamás quizás entonces unas unos estas estos esas esos muchas muchos "
        "varias varios todas todos algunas algunos otras otros ambas ambos pocas pocos mientras apenas lejos "
        "detrás atrás gracias pero como cuando donde porque hasta desde sobre entre cada muy ya aún también "
        "tampoco solo sólo luego ahora aquí allí hoy ayer mañana si una uno del sea fueron estaba puede debe "
        "tiene lunes martes miércoles jueves viernes tienes eres estás vas quieres puedes sabes vamos somos "
        "estamos tenemos podemos hacemos"
    ),
    one=(
        "hay había tengo tienes tiene tenemos tienen queda quedan falta faltan son con sin en añade añadir "
        "agrega pon usa compra compré toma tome tomar necesito necesitas necesita dentro hace tras durante por cada "
        "solo sólo de y o"
    ),
    names=(
        "canal habitación número página capítulo artículo línea ruta autobús sala piso puerta calle planta "
        "zona grupo nivel paso opción versión día año siglo vuelo sección escena episodio temporada modo tren"
    ),
)

FRENCH = Nouns(
    feminine=(
        r".*(?:[tsxgn]ion|tte|ance|ence|[ie]té|elle|esse|aison|euse|tude|ade|ée|ure|trice|[aeo]u?ille|ie|che|"
        r"[aou]sse|brosse|ule|ine|[cdnrtz]aine|i[eè]re|nne|mme|ppe|ande|[^u]ise|[cl]une|rte|ête|oise|[^pt]ace)s?|(?:heure|minute|seconde|foi|personne|lampe|porte|fenêtre|lumière|semaine|ampoule|tâche|"
        r"pièce|alarme|caméra|chaise|table|maison|chambre|cuisine|salle|cuillère|boîte|page|ligne|rue|ville|"
        r"piste|chanson|photo|vidéo|image|prise|zone|carte|clé|clef|nuit|main|mise|erreur|couleur|fleur|odeur|"
        r"valeur|lueur|vapeur|chaleur|peur|hauteur|largeur|longueur|profondeur|épaisseur|douleur|saveur|"
        r"liqueur|sœur|humeur|rumeur|terreur|souris|vis|vache|poule|pomme|poire|banane|femme|fille|mère|dame|"
        r"plante|course|tranche|goutte|étoile|équipe|école|église|île|pile|lettre|montre|règle|tonne|roupie|"
        r"nouvelle|petite|grande|bonne|belle|dernière|première|longue|offre|alerte|demande|tête|route|radio|"
        r"playlist|phrase|base|place|fête|recette|étape|réponse|question|commande|pause|marche|branche|"
        r"planche|plage|cage|note|dent|peau|eau|fin|voix|noix|croix|fourmi|tribu|vertu|loi|forêt|faim|mer|"
        r"cour|part|cellule|molécule|formule|colonne|bombe|tombe|poche|hache|machine|cabine|usine|piscine|"
        r"moto|brebis|jument|moitié|boisson|soupe|coupe|jupe|crêpe|pompe|sauce|épice|notice|orange|éponge|rallonge|"
        r"fraise|tomate|herbe|barbe|dose|rose|chose|jambe|robe|veste|guerre|terre|pierre|barre|victoire|histoire|"
        r"armoire|baignoire|mémoire|vanne|plume|défaite|visite|suite|marmite|faute|route|autoroute|chute|croûte|taxe|"
        r"prime|hausse|baisse|gare|avenue|planète|sirène|chaîne|chèvre|lèvre|fièvre|flûte|applique|brique|casserole|poêle|"
        r"encre|sauvegarde|console|bague|vague|langue|dépense|piqûre|tante|nièce|imprimante|"
        r"banque|marque|barque|plaque|claque|époque|boutique|musique|technique|.*thèque|caisse|saucisse|cuisse|liste|huile)s?"
    ),
    masculine=(
        r"(?:côté|été|comité|traité|pâté|silence|musée|lycée|trophée|génie|incendie|parapluie|sosie|foie|"
        r"murmure|mercure|stade|grade|malade|camarade|jade|squelette|portefeuille|millefeuille|gorille|modèle|"
        r"vermicelle|libelle|polichinelle|bastion|invité|violoncelle|mausolée|scarabée|apogée|dimanche|reproche|"
        r"panache|caniche|fétiche|pastiche|porche|module|véhicule|scrupule|crépuscule|vestibule|préambule|ventricule|"
        r"tubercule|globule|granule|ovule|matricule|monticule|fascicule|magazine|domaine|capitaine|cimetière|renne|"
        r"homme|.*gramme|dilemme|derrière|platine|groupe|espace|moule|pull|quartette)s?"
    ),
    known=(
        "heure minute seconde fois personne lampe porte fenêtre lumière semaine ampoule tâche notification pièce "
        "alarme caméra année journée tasse chaise"
    ),
    plural=r".*[sx]",
    adjectives="nouvelles grandes petites autres nouveaux bonnes belles dernières mille autre",
    never=(
        "que avec pour par sans sont est était sur les des dans mais ses mes tes nos vos plus moins trois "
        "deux six dix sous après alors puis dès très vers chez jamais toujours souvent lors depuis pendant "
        "près suis vas dois peux fais vois sais prends mets vous nous ils elles ces leurs quelques plusieurs "
        "toutes tous certaines certains puisque ensuite ainsi autres ceux celles hors"
    ),
    one=(
        "a ai avez avons ont reste avec sans dans et ou de par en pour ajoute ajoutez ajouter mets mettez "
        "utilisez prends prenez pendant depuis après seulement chaque est sont acheté"
    ),
    names=(
        "canal chaîne chambre numéro page chapitre article ligne salle étage porte rue zone groupe niveau "
        "pièce option version jour vol section scène épisode saison mode train bus lampe"
    ),
)

ITALIAN = Nouns(
    feminine=(
        r".*(?:a|[zsgn]ion[ei]|tà|tù|trice|udine|igine|aggine)|(?:luce|notte|parete|chiave|classe|torre|nave|"
        r"parte|gente|mano|foto|radio|moto|auto|bici|voce|croce|pace|legge|carne|neve|nube|febbre|fonte|"
        r"fronte|base|frase|fase|serie|specie|morte|madre|moglie|sede|rete|pelle|polvere|siepe|valle|estate|"
        r"arte|mente|crisi|tesi|dose|analisi|email|mail|playlist|app|password|lavatrice|"
        r"lavastoviglie|noce|canzone)"
    ),
    masculine=(
        r"(?:.*gramma|(?!(?:.*vista|(?:auto)?pista|lista|conquista|provvista)$).*ista|schema|poema|teorema|"
        r"dilemma|emblema|problema|sistema|programma|tema|clima|poeta|pianeta|panda|sosia|cinema|pigiama|"
        r"panorama|fantasma|dramma|diploma|sintomo|aroma|atleta|pirata|papa|delta|gorilla|boia|vaglia|koala|"
        r"enigma|trauma)"
    ),
    known=(
        "ora ore persona persone luce luci porta porte finestra finestre lampada lampade volta volte "
        "settimana settimane stanza stanze lampadina lampadine notifica notifiche tapparella tapparelle "
        "telecamera sedia tazza cucchiaio cucchiaino bottiglia grado gradi minuto minuti secondo secondi "
        "giorno giorni mese mesi anno anni dispositivo dispositivi sensore sensori evento eventi messaggio "
        "messaggi litro litri metro metri euro"
    ),
    plural=r"(?!)",
    adjectives="grande nuova nuovo altra altro bella bello piccola piccolo mille",
    never=(
        "che con per senza sono sta era non più meno alle alla allo agli degli delle della dello dal dalla "
        "dei nel nella sul sulla come quando dove perché fino mentre poi anche ancora oggi ieri domani tre "
        "due sei una uno del fra tra verso sopra sotto dopo prima già solo quindi ora allora circa oppure"
    ),
    one=(
        "hai ho ha abbiamo hanno resta restano manca mancano rimane rimangono con senza aggiungi aggiungere "
        "metti usa compra comprato serve prendi prenda prendere assumere tra fra dopo per ogni solo di o e da in è "
        "stati stato stata"
    ),
    names=(
        "canale camera numero pagina capitolo articolo linea sala piano via zona gruppo livello passo "
        "opzione versione giorno volo sezione scena episodio stagione modo treno autobus"
    ),
)

PORTUGUESE = Nouns(
    feminine=(
        r".*(?:as?|ãs?|[çs]ão|[çs]ões|xão|xões|[dt]ades?|tudes?|aúdes?|ag[eé]m|agens)|(?:luz|luze|vez|veze|voz|voze|"
        r"cruz|cruze|raiz|raíze|paz|noite|tarde|parede|chave|classe|torre|mão|foto|moto|flor|flore|cor|core|"
        r"dor|dore|rede|parte|sorte|carne|fonte|ponte|frase|fase|base|série|espécie|morte|mulher|mulhere|"
        r"colher|colhere|árvore|ave|nave|mãe|sede|febre|lei|razão|razõe|crise|tese|greve|neve|pele|tribo|"
        r"gripe|região|regiõe|opinião|opiniõe|reunião|reuniõe|união|uniõe|religião|religiõe|legiõe|estante|"
        r"corrente|gente|mente|análise|hipótese|dose|superfície|planície|trave|grade|tosse)s?|nuve(?:m|ns)|orde(?:m|"
        r"ns)|viage(?:m|ns)"
    ),
    masculine=(
        r"(?:dia|mapa|planeta|cometa|problema|sistema|programa|tema|clima|idioma|poema|esquema|teorema|dilema|"
        r"emblema|lema|drama|panorama|fantasma|sintoma|aroma|diploma|trauma|enigma|prisma|plasma|sofá|pijama|"
        r"guarda|pirata|poeta|atleta|gorila|panda|cinema|telefonema|coala|.*grama|(?!(?:.*vista|"
        r"(?:auto)?pista|lista|conquista|crista)s?$).*ista)s?|coração|corações|gás|personagens?|mais|atlas|"
        r"meio-dia|lápis"
    ),
    known=(
        "hora pessoa luz lâmpada porta janela vez semana sala cortina câmera notificação tarefa música atualização "
        "tomada mensagem cadeira xícara colher casa garrafa caixa"
    ),
    plural=r".*s",
    adjectives="grandes possíveis importantes diferentes principais mil",
    never=(
        "que com por para sem são está estão foi era tem têm não nos das dos aos às pelas pelos nas mais "
        "menos três dois seis dez antes depois além jamais então uns umas estas estes essas esses aquelas "
        "aqueles muitas muitos várias vários todas todos algumas alguns outras outros ambas ambos poucas "
        "poucos enquanto apenas longe atrás mas como quando onde porque até desde sobre entre cada muito "
        "agora hoje ontem amanhã uma dela dele elas eles nós vos suas seus minhas meus tuas teus vais estás "
        "vamos somos estamos temos podemos simples"
    ),
    one=(
        "há tenho tem temos têm resta restam falta faltam são com sem adicione coloque use compre comprei "
        "preciso precisa tome em por cada só apenas durante após de e ou"
    ),
    names=(
        "canal quarto número página capítulo artigo linha sala andar porta rua zona grupo nível passo opção "
        "versão dia ano voo seção cena episódio temporada modo trem ônibus"
    ),
)
