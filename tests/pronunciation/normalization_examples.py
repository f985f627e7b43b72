"""What is said for what is written, as a native speaker would: our own sentences, of the kind that homes send.

One example a line, what is written before the arrow and what is said after it.
"""

from __future__ import annotations

_EXAMPLES = {
    "en-US": """
It is 21.5 °C in the living room. → It is twenty-one point five degrees Celsius in the living room.
It is 21.0 °C outside, and it feels like -3 °C. → It is twenty-one degrees Celsius outside, and it feels like minus three degrees Celsius.
The thermostat is set to 70°F. → The thermostat is set to seventy degrees Fahrenheit.
Between 68°F–72°F today. → Between sixty-eight degrees Fahrenheit to seventy-two degrees Fahrenheit today.
Expect 5–7 °C tonight. → Expect five to seven degrees Celsius tonight.
The garage door was opened at 14:30. → The garage door was opened at fourteen thirty.
Your alarm is set for 7:05 pm. → Your alarm is set for seven oh five PM.
The alarm rings at 7:00 a.m. → The alarm rings at seven AM.
Wake me at 8am. → Wake me at eight AM.
Quiet hours: 22:00-06:30. → Quiet hours: twenty-two hundred to six thirty.
The sun sets at 16:12:05. → The sun sets at sixteen twelve and five seconds.
It is 9:00 and all is well. → It is nine o'clock and all is well.
Backup done at 00:00. → Backup done at midnight.
Last changed on 2026-11-22. → Last changed on November twenty-second, twenty twenty-six.
Last seen 2026-11-22T14:30:00Z. → Last seen November twenty-second, twenty twenty-six, two thirty PM.
Due on 11/22/2026. → Due on November twenty-second, twenty twenty-six.
Due on 22/11/2026. → Due on November twenty-second, twenty twenty-six.
The bins go out on Nov 22. → The bins go out on November twenty-second.
Born on May 5, 1984. → Born on May fifth, nineteen eighty-four.
See you on 22 November 2026. → See you on the twenty-second of November twenty twenty-six.
The battery of the remote is at 15%. → The battery of the remote is at fifteen percent.
You used 3.2 kWh yesterday. → You used three point two kilowatt-hours yesterday.
The oven draws 1.5 kW, the lamp 60 W. → The oven draws one point five kilowatts, the lamp sixty watts.
230 V at 16 A. → two hundred thirty volts at sixteen amps.
Pressure is 1013 hPa. → Pressure is one thousand thirteen hectopascals.
CO2 is at 420 ppm. → C O 2 is at four hundred twenty parts per million.
Fine dust: 12 µg/m³. → Fine dust: twelve micrograms per cubic meter.
Wind: 5 km/h, gusts of 3 m/s. → Wind: five kilometers per hour, gusts of three meters per second.
It rained 2 mm in 1 h. → It rained two millimeters in one hour.
Download runs at 100 Mbit/s. → Download runs at one hundred megabits per second.
There are 12 GB free of 500 GB. → There are twelve gigabytes free of five hundred gigabytes.
The room has 25 m². → The room has twenty-five square meters.
The noise level is 45 dB. → The noise level is forty-five decibels.
Illuminance is 300 lx. → Illuminance is three hundred lux.
Timer: 5 min left. → Timer: five minutes left.
Timer for 1h 5m started. → Timer for one hour five minutes started.
The kettle needs 2 L of water. → The kettle needs two liters of water.
It costs $3.50. → It costs three dollars and fifty cents.
That is $1 or £1.01. → That is one dollar or one pound and one penny.
Power costs 0.25 €/kWh. → Power costs twenty-five cents per kilowatt-hour.
A budget of $1.2 million. → A budget of one point two million dollars.
It sold for ¥500 and ₹100. → It sold for five hundred yen and one hundred rupees.
10-20 people came. → ten to twenty people came.
The years 2019-2024 were warm. → The years twenty nineteen to twenty twenty-four were warm.
In 1984 and since 2005. → In nineteen eighty-four and since two thousand five.
You took 2350 steps. → You took two thousand three hundred fifty steps.
There are 12345 files and 1,234.5 points. → There are twelve thousand three hundred forty-five files and one thousand two hundred thirty-four point five points.
Call +1 555 123 4567. → Call plus one, five five five, one two three, four five six seven.
Call 555-1234 now. → Call five five five, one two three four now.
Home Assistant 2024.11.1 is available. → Home Assistant twenty twenty-four dot eleven dot one is available.
Firmware v1.0 is installed. → Firmware version one dot zero is installed.
The router has 192.168.1.10. → The router has one hundred ninety-two dot one hundred sixty-eight dot one dot ten.
You came 1st, then 22nd. → You came first, then twenty-second.
Add 1/2 cup of milk and 1 1/2 eggs. → Add half a cup of milk and one and a half eggs.
It is ¾ full. → It is three quarters full.
Open 24/7. → Open twenty-four seven.
12/15 devices are online. → twelve out of fifteen devices are online.
A 1920x1080 screen, 2 × 3 of them. → A 1920 by one thousand eighty screen, 2 times 3 of them.
Episode #1, No. 5. → Episode number 1, number 5.
Louis XIV and Henry VIII. → Louis the fourteenth and Henry the eighth.
Lights, e.g. lamps, i.e. all of them. → Lights, for example lamps, that is all of them.
Approx. 5 people, vs. 6. → approximately 5 people, versus 6.
Dr. Smith lives on Main St. now. → Doctor Smith lives on Main Street now.
St. Mary was here. → Saint Mary was here.
Salt & pepper, 5 + 3 = 8. → Salt and pepper, 5 plus 3 equals 8.
Turn it on/off. → Turn it on off.
Write to bob@example.com. → Write to bob at example.com.
-5 is less than 3.14. → minus five is less than three point one four.
Ready in ~5 min if > 5 %. → Ready in about five minutes if more than five percent.
In the 80s it took 30 s. → In the 80s it took thirty seconds.
The 1900s, the 2000s and the 2010s. → The 1900s, the 2000s and the 2010s.
The pin is 0042. → The pin is zero zero four two.
Use 10W-40 oil for 802.11g and 1080p. → Use 10W-40 oil for eight oh two dot eleven G and 1080p.
The top 10 K-pop songs and a 3 d printer. → The top 10 K-pop songs and a 3 d printer.
Be in by 10 in the evening, a 2 in 1, 5 in all. → Be in by 10 in the evening, a 2 in 1, 5 in all.
It rose by 2.5 in March. → It rose by two point five in March.
Gate 22A, seat 14A and room 12B. → Gate 22A, seat 14A and room 12B.
£5 B&B for $20 T shirts. → five pounds B and B for twenty dollars T shirts.
The 12 V supply of the 60 W bulbs. → The twelve volt supply of the sixty watt bulbs.
The 5 kWh produced and the 10 min nobody spoke. → The five kilowatt-hours produced and the ten minutes nobody spoke.
A 10-20 min walk with a 12 oz can and a 6-in. pipe. → A ten to twenty minute walk with a twelve ounce can and a six inch pipe.
A 2700K light at 30 psi for €2/100 g. → A two thousand seven hundred kelvin light at thirty P S I for two euros per one hundred grams.
4K on 5G with ESP32 and sensor_1. → 4K on 5G with ESP32 and sensor 1.
""",
    "en-GB": """
It is 21.5 °C in the kitchen. → It is twenty-one point five degrees Celsius in the kitchen.
The meeting is on 22/11/2026. → The meeting is on the twenty-second of November twenty twenty-six.
The meeting is on 11/22/2026. → The meeting is on the twenty-second of November twenty twenty-six.
Today is 2026-11-22. → Today is the twenty-second of November twenty twenty-six.
There are 420 lights. → There are 420 lights.
420 ppm of CO2. → four hundred and twenty parts per million of C O 2.
That will be £3.50. → That will be three pounds and fifty pence.
That will be £0.01. → That will be one penny.
It is 1013 hPa. → It is one thousand and thirteen hectopascals.
You have 5678 points. → You have five thousand six hundred and seventy-eight points.
5 km of road and 2 L of milk. → five kilometres of road and two litres of milk.
The train leaves at 17:05. → The train leaves at seventeen oh five.
The shop is open 9am-5pm. → The shop is open nine AM to five PM.
It takes 720p, costs 50p, and weighs 11 st. → It takes 720p, costs fifty pence, and weighs eleven stone.
""",
    "es-ES": """
La temperatura del salón es de 21,5 °C. → La temperatura del salón es de veintiuno coma cinco grados Celsius.
El sensor marca 21.5 °C. → El sensor marca veintiuno coma cinco grados Celsius.
Fuera hay -3 °C. → Fuera hay menos tres grados Celsius.
El termostato está a 21 °C. → El termostato está a veintiún grados Celsius.
Hay 1 °C. → Hay un grado Celsius.
Son 70°F. → Son setenta grados Fahrenheit.
La puerta se abrió a las 14:30. → La puerta se abrió a las catorce y treinta.
La alarma está puesta a las 7:05 pm. → La alarma está puesta a las siete y cinco de la tarde.
Son las 21:00. → Son las veintiuna horas.
Es la 1:30. → Es la una y treinta.
La cita es a las 9:00. → La cita es a las nueve en punto.
A las 7h30 en casa. → A las siete y treinta en casa.
Hoy es 2026-11-22. → Hoy es veintidós de noviembre de dos mil veintiséis.
La fecha es 22/11/2026. → La fecha es veintidós de noviembre de dos mil veintiséis.
Es el 1 de mayo de 2026. → Es el uno de mayo de dos mil veintiséis.
La batería está al 45 %. → La batería está al cuarenta y cinco por ciento.
Ayer gastaste 3,2 kWh. → Ayer gastaste tres coma dos kilovatios hora.
La lámpara usa 60 W. → La lámpara usa sesenta vatios.
La presión es de 1013 hPa. → La presión es de mil trece hectopascales.
El CO2 está en 420 ppm. → El C O dos está en cuatrocientas veinte partes por millón.
Hay 12 µg/m³ de polvo. → Hay doce microgramos por metro cúbico de polvo.
El viento sopla a 5 km/h. → El viento sopla a cinco kilómetros por hora.
La habitación tiene 25 m². → La habitación tiene veinticinco metros cuadrados.
Quedan 12 GB. → Quedan doce gigabytes.
Descarga a 100 Mbit/s. → Descarga a cien megabits por segundo.
Quedan 5 min. → Quedan cinco minutos.
Temporizador de 1 h. → Temporizador de una hora.
Faltan 21 h. → Faltan veintiuna horas.
Faltan 1h 5m. → Faltan una hora cinco minutos.
Cuesta 3,50 €. → Cuesta tres euros con cincuenta.
Cuesta $1. → Cuesta un dólar.
Son 21 € o £20. → Son veintiún euros o veinte libras.
La luz cuesta 0,30 €/kWh. → La luz cuesta treinta céntimos por kilovatio hora.
Hay 1.234 archivos y 1.234,5 puntos. → Hay mil doscientos treinta y cuatro archivos y mil doscientos treinta y cuatro coma cinco puntos.
Entre 10-20 personas. → Entre diez a veinte personas.
Hoy 5–7 °C. → Hoy cinco a siete grados Celsius.
De 2019-2024. → De dos mil diecinueve a dos mil veinticuatro.
Llama al 612 345 678. → Llama al seis uno dos, tres cuatro cinco, seis siete ocho.
Home Assistant 2024.11.1 está disponible. → Home Assistant dos mil veinticuatro punto once punto uno está disponible.
La IP es 192.168.1.10. → La IP es ciento noventa y dos punto ciento sesenta y ocho punto uno punto diez.
Es el 1º y la 2ª. → Es el primero y la segunda.
Añade 1/2 vaso y 3/4 de litro. → Añade medio vaso y tres cuartos de litro.
Son 2½ horas. → Son dos horas y media.
Habitación n.º 5. → Habitación número cinco.
Luces, p. ej. lámparas. → Luces, por ejemplo lámparas.
El Sr. López y la Dra. Gil. → El señor López y la doctora Gil.
Sal & pimienta, 5 + 3 = 8. → Sal y pimienta, cinco más tres igual a ocho.
Hay 21 luces encendidas. → Hay veintiuna luces encendidas.
Hay 1 ventana abierta. → Hay una ventana abierta.
Hay 31 dispositivos. → Hay treinta y un dispositivos.
Felipe VI y Luis XIV. → Felipe sexto y Luis catorce.
Listo en ~5 min. → Listo en unos cinco minutos.
1000000 W → un millón de vatios
El sensor 2 ha detectado humo en 5 ha de bosque. → El sensor dos ha detectado humo en cinco hectáreas de bosque.
Murió en el 44 a. C. → Murió en el cuarenta y cuatro antes de Cristo.
Viven en EE. UU. desde 1990. → Viven en Estados Unidos desde mil novecientos noventa.
El plan V y la vitamina C. → El plan V y la vitamina C.
La talla XL y el libro CD. → La talla XL y el libro CD.
El sensor 1 necesita 21 segundos. → El sensor uno necesita veintiún segundos.
La vitamina D. Toma 2. → La vitamina D. Toma dos.
Escribe a D. Juan, el 1er. premio. → Escribe a don Juan, el primer premio.
Son 1.500.000 personas. → Son un millón quinientas mil personas.
Hace -21 grados. → Hace menos veintiún grados.
21 listas, 21 artistas, 21 aves, 21 coches. → veintiuna listas, veintiún artistas, veintiuna aves, veintiún coches.
21 camiones, 21 canciones y 1 agua. → veintiún camiones, veintiuna canciones y un agua.
""",
    "fr-FR": """
Il fait 21,5 °C dans le salon. → Il fait vingt et un virgule cinq degrés Celsius dans le salon.
Le capteur indique 21.5 °C. → Le capteur indique vingt et un virgule cinq degrés Celsius.
Il fait -3 °C dehors. → Il fait moins trois degrés Celsius dehors.
Il fait 1 °C. → Il fait un degré Celsius.
Il fait 1,5 °C. → Il fait un virgule cinq degré Celsius.
La porte a été ouverte à 14:30. → La porte a été ouverte à quatorze heures trente.
Le réveil sonne à 7h30. → Le réveil sonne à sept heures trente.
Rendez-vous à 14h. → Rendez-vous à quatorze heures.
Il est 21:00. → Il est vingt et une heures.
Il est 1:30. → Il est une heure trente.
Sauvegarde à 00:00. → Sauvegarde à minuit.
À 7:05 pm. → À sept heures cinq du soir.
Nous sommes le 2026-11-22. → Nous sommes le vingt-deux novembre deux mille vingt-six.
Le 22/11/2026. → Le vingt-deux novembre deux mille vingt-six.
Le 1 janvier 2026. → Le premier janvier deux mille vingt-six.
La batterie est à 45 %. → La batterie est à quarante-cinq pour cent.
Hier, 3,2 kWh ont été consommés. → Hier, trois virgule deux kilowattheures ont été consommés.
La lampe utilise 60 W. → La lampe utilise soixante watts.
La pression est de 1013 hPa. → La pression est de mille treize hectopascals.
Le CO2 est à 420 ppm. → Le C O deux est à quatre cent vingt parties par million.
12 µg/m³ de poussière. → douze microgrammes par mètre cube de poussière.
Vent de 5 km/h. → Vent de cinq kilomètres-heure.
Une pièce de 25 m². → Une pièce de vingt-cinq mètres carrés.
Il reste 12 Go. → Il reste douze gigaoctets.
Téléchargement à 100 Mbit/s. → Téléchargement à cent mégabits par seconde.
Il reste 5 min. → Il reste cinq minutes.
Minuteur de 1 h. → Minuteur d'une heure.
Encore 21 h. → Encore vingt et une heures.
Encore 1 h 5 min. → Encore une heure cinq minutes.
Ça coûte 3,50 €. → Ça coûte trois euros cinquante.
Ça coûte $1. → Ça coûte un dollar.
C'est 21 € ou £20. → C'est vingt et un euros ou vingt livres.
Il y a 1 234 fichiers. → Il y a mille deux cent trente-quatre fichiers.
Environ 1 234 567,5 points. → Environ un million deux cent trente-quatre mille cinq cent soixante-sept virgule cinq points.
De 10-20 personnes. → De dix à vingt personnes.
Aujourd'hui 5–7 °C. → Aujourd'hui cinq à sept degrés Celsius.
Appelez le 06 12 34 56 78. → Appelez le zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit.
Home Assistant 2024.11.1 est disponible. → Home Assistant deux mille vingt-quatre point onze point un est disponible.
L'adresse est 192.168.1.10. → L'adresse est cent quatre-vingt-douze point cent soixante-huit point un point dix.
Le 1er et la 2e. → Le premier et la deuxième.
Ajoutez 1/2 verre et 3/4 de litre. → Ajoutez un demi verre et trois quarts de litre.
Pendant 2½ heures. → Pendant deux heures et demie.
Chambre n° 5. → Chambre numéro cinq.
Des lumières, p. ex. des lampes. → Des lumières, par exemple des lampes.
M. Dupont et Mme Durand. → monsieur Dupont et madame Durand.
Sel & poivre, 5 + 3 = 8. → Sel et poivre, cinq plus trois égale huit.
Il y a 21 lampes allumées. → Il y a vingt et une lampes allumées.
Il y a 1 porte ouverte. → Il y a une porte ouverte.
Louis XIV au XVIIe siècle. → Louis quatorze au dix-septième siècle.
~5 min → environ cinq minutes
Budget de 1 M€ par an. → Budget d'un million d'euros par an.
Né en 44 av. J.-C. à Rome. → Né en quarante-quatre avant Jésus-Christ à Rome.
La lampe 1 allumée. → La lampe un allumée.
21 couleurs, 21 moteurs, 21 livres, 21 unités. → vingt et une couleurs, vingt et un moteurs, vingt et un livres, vingt et une unités.
Super Bowl LVIII. → Super Bowl cinquante-huit.
Le plan V et la taille XL. → Le plan V et la taille XL.
""",
    "it-IT": """
In salotto ci sono 21,5 °C. → In salotto ci sono ventuno virgola cinque gradi Celsius.
Il sensore segna 21.5 °C. → Il sensore segna ventuno virgola cinque gradi Celsius.
Fuori ci sono -3 °C. → Fuori ci sono meno tre gradi Celsius.
C'è 1 °C. → C'è un grado Celsius.
La porta è stata aperta alle 14:30. → La porta è stata aperta alle quattordici e trenta.
La sveglia è alle 7:05 pm. → La sveglia è alle sette e cinque di sera.
Sono le 21:00. → Sono le ventuno.
Alle 1:30 di notte. → All'una e trenta di notte.
Backup alle 00:00. → Backup a mezzanotte.
Oggi è il 2026-11-22. → Oggi è il ventidue novembre duemilaventisei.
Il 22/11/2026. → Il ventidue novembre duemilaventisei.
Il 1 gennaio 2026. → Il primo gennaio duemilaventisei.
La batteria è al 45%. → La batteria è al quarantacinque per cento.
Ieri hai usato 3,2 kWh. → Ieri hai usato tre virgola due chilowattora.
La lampada usa 60 W. → La lampada usa sessanta watt.
La pressione è di 1013 hPa. → La pressione è di milletredici ettopascal.
La CO2 è a 420 ppm. → La C O due è a quattrocentoventi parti per milione.
12 µg/m³ di polveri. → dodici microgrammi per metro cubo di polveri.
Vento a 5 km/h. → Vento a cinque chilometri all'ora.
Una stanza di 25 m². → Una stanza di venticinque metri quadrati.
Restano 12 GB. → Restano dodici gigabyte.
Scarica a 100 Mbit/s. → Scarica a cento megabit al secondo.
Mancano 5 min. → Mancano cinque minuti.
Timer di 1 h. → Timer di un'ora.
Mancano 1h 5m. → Mancano un'ora cinque minuti.
Costa 3,50 €. → Costa tre euro e cinquanta.
Costa $1. → Costa un dollaro.
Costa 118 € o 123 €. → Costa centodiciotto euro o centoventitré euro.
Usa 1103 W o 218123 W. → Usa millecentotré watt o duecentodiciottomilacentoventitré watt.
È il 118º, il 23º e il 103º. → È il centodiciottesimo, il ventitreesimo e il centotreesimo.
Sono 21 € o £20. → Sono ventuno euro o venti sterline.
Ci sono 1.234 file e 1.234,5 punti. → Ci sono milleduecentotrentaquattro file e milleduecentotrentaquattro virgola cinque punti.
Da 10-20 persone. → Da dieci a venti persone.
Oggi 5–7 °C. → Oggi da cinque a sette gradi Celsius.
Dal 2019-2024. → Dal duemiladiciannove al duemilaventiquattro.
Chiama il 347 123 4567. → Chiama il tre quattro sette, uno due tre, quattro cinque sei sette.
Home Assistant 2024.11.1 è disponibile. → Home Assistant duemilaventiquattro punto undici punto uno è disponibile.
L'indirizzo è 192.168.1.10. → L'indirizzo è centonovantadue punto centosessantotto punto uno punto dieci.
Il 1º e la 2ª. → Il primo e la seconda.
Aggiungi 1/2 bicchiere e 3/4 di litro. → Aggiungi mezzo bicchiere e tre quarti di litro.
Stanza n. 5. → Stanza numero cinque.
Luci, ad es. lampade. → Luci, ad esempio lampade.
Il dott. Rossi e la sig.ra Bianchi. → Il dottor Rossi e la signora Bianchi.
Sale & pepe, 5 + 3 = 8. → Sale e pepe, cinque più tre uguale a otto.
C'è 1 finestra aperta. → C'è una finestra aperta.
Luigi XIV nel XVII secolo. → Luigi quattordicesimo nel diciassettesimo secolo.
Pronto tra ~5 min. → Pronto tra circa cinque minuti.
Ha vinto 3-1. → Ha vinto tre a uno.
Il sensore 2 ha visto fumo su 5 ha di bosco. → Il sensore due ha visto fumo su cinque ettari di bosco.
Le parti I e II di Mario. → Le parti prima e seconda di Mario.
La 2a volta, 5 min. dopo. → La seconda volta, cinque minuti dopo.
Mario I, un amico. → Mario I, un amico.
1 metro, 1 crema, 1 schema, 1 stazione. → un metro, una crema, uno schema, una stazione.
Un'auto e 1 auto. → Un'auto e un'auto.
""",
    "pt-BR": """
A sala está com 21,5 °C. → A sala está com vinte e um vírgula cinco graus Celsius.
O sensor marca 21.5 °C. → O sensor marca vinte e um vírgula cinco graus Celsius.
Lá fora faz -3 °C. → Lá fora faz menos três graus Celsius.
Faz 1 °C. → Faz um grau Celsius.
A porta foi aberta às 14:30. → A porta foi aberta às catorze e trinta.
O alarme é às 7:05 pm. → O alarme é às sete e cinco da noite.
São 21:00. → São vinte e uma horas.
É 1:30. → É uma e trinta.
Às 7h30 em casa. → Às sete e trinta em casa.
Reunião às 14h. → Reunião às catorze horas.
Backup às 00:00. → Backup à meia-noite.
Hoje é 2026-11-22. → Hoje é vinte e dois de novembro de dois mil e vinte e seis.
Em 22/11/2026. → Em vinte e dois de novembro de dois mil e vinte e seis.
Em 1 de maio de 2026. → Em primeiro de maio de dois mil e vinte e seis.
A bateria está em 45%. → A bateria está em quarenta e cinco por cento.
Ontem você usou 3,2 kWh. → Ontem você usou três vírgula dois quilowatts-hora.
A lâmpada usa 60 W. → A lâmpada usa sessenta watts.
A pressão é de 1013 hPa. → A pressão é de mil e treze hectopascais.
O CO2 está em 420 ppm. → O C ó dois está em quatrocentas e vinte partes por milhão.
Há 12 µg/m³ de poeira. → Há doze microgramas por metro cúbico de poeira.
Vento de 5 km/h. → Vento de cinco quilômetros por hora.
Um quarto de 25 m². → Um quarto de vinte e cinco metros quadrados.
Restam 12 GB. → Restam doze gigabytes.
Baixando a 100 Mbit/s. → Baixando a cem megabits por segundo.
Faltam 5 min. → Faltam cinco minutos.
Timer de 1 h. → Timer de uma hora.
Faltam 2 h. → Faltam duas horas.
Faltam 1h 5m. → Faltam uma hora cinco minutos.
Custa R$ 5. → Custa cinco reais.
Custa R$ 3,50. → Custa três reais e cinquenta centavos.
Custa R$ 1.234,56. → Custa mil duzentos e trinta e quatro reais e cinquenta e seis centavos.
São US$ 1 ou £200. → São um dólar ou duzentas libras.
A luz custa R$ 0,90/kWh. → A luz custa noventa centavos por quilowatt-hora.
Há 1.234 arquivos e 1.234,5 pontos. → Há mil duzentos e trinta e quatro arquivos e mil duzentos e trinta e quatro vírgula cinco pontos.
De 10-20 pessoas. → De dez a vinte pessoas.
Hoje 5–7 °C. → Hoje cinco a sete graus Celsius.
De 2019-2024. → De dois mil e dezenove a dois mil e vinte e quatro.
Ligue para (11) 91234-5678. → Ligue para um um, nove um dois três quatro, cinco seis sete oito.
Home Assistant 2024.11.1 está disponível. → Home Assistant dois mil e vinte e quatro ponto onze ponto um está disponível.
O IP é 192.168.1.10. → O IP é cento e noventa e dois ponto cento e sessenta e oito ponto um ponto dez.
O 1º e a 2ª. → O primeiro e a segunda.
Adicione 1/2 copo e 3/4 de litro. → Adicione meio copo e três quartos de litro.
Quarto nº 5. → Quarto número cinco.
Luzes, p. ex. lâmpadas. → Luzes, por exemplo lâmpadas.
O Sr. Silva e a Dra. Souza. → O senhor Silva e a doutora Souza.
Sal & pimenta, 5 + 3 = 8. → Sal e pimenta, cinco mais três igual a oito.
Há 2 luzes acesas. → Há duas luzes acesas.
Há 1 janela aberta. → Há uma janela aberta.
Dom Pedro II e Luís XIV. → Dom Pedro segundo e Luís catorze.
Pronto em ~5 min. → Pronto em cerca de cinco minutos.
Das 2 às 21. → Das duas às vinte e uma.
J. R. R. Tolkien, R. 25 de Março. → J. R. R. Tolkien, Rua vinte e cinco de março.
A Silva Ltda. abriu. → A Silva limitada abriu.
A Silva Ltda. → A Silva limitada.
Praça XV de Novembro. → Praça quinze de Novembro.
Janela 2 aberta. → Janela dois aberta.
2 listas, 2 artistas, 2 viagens, 2 cartões. → duas listas, dois artistas, duas viagens, dois cartões.
""",
    "hi-IN": """
CO2 420 ppm है। → सी ओ टू चार सौ बीस पार्ट्स पर मिलियन है।
लिविंग रूम में तापमान 21.5 °C है। → लिविंग रूम में तापमान इक्कीस दशमलव पाँच डिग्री सेल्सियस है।
तापमान २१.५ °C है। → तापमान इक्कीस दशमलव पाँच डिग्री सेल्सियस है।
बाहर -3 °C है। → बाहर माइनस तीन डिग्री सेल्सियस है।
तापमान 21.0 °C है। → तापमान इक्कीस डिग्री सेल्सियस है।
70°F है। → सत्तर डिग्री फ़ेरनहाइट है।
अलार्म शाम 7:05 बजे है। → अलार्म शाम सात बजकर पाँच मिनट पर है।
अलार्म 7:05 pm पर है। → अलार्म शाम सात बजकर पाँच मिनट पर है।
दरवाज़ा 14:30 बजे खुला। → दरवाज़ा चौदह बजकर तीस मिनट पर खुला।
मीटिंग 9:00 बजे है। → मीटिंग नौ बजे है।
सुबह 8am तक। → सुबह आठ बजे तक।
आज 2026-11-22 है। → आज बाईस नवंबर दो हज़ार छब्बीस है।
तारीख 22/11/2026 है। → तारीख बाईस नवंबर दो हज़ार छब्बीस है।
15 अगस्त 1947 को। → पंद्रह अगस्त उन्नीस सौ सैंतालीस को।
1984 में बना। → उन्नीस सौ चौरासी में बना।
बैटरी 45% है। → बैटरी पैंतालीस प्रतिशत है।
कल 3.2 kWh बिजली लगी। → कल तीन दशमलव दो किलोवॉट घंटे बिजली लगी।
बल्ब 60 W का है। → बल्ब साठ वॉट का है।
दबाव 1013 hPa है। → दबाव एक हज़ार तेरह हेक्टोपास्कल है।
धूल 12 µg/m³ है। → धूल बारह माइक्रोग्राम प्रति घन मीटर है।
हवा 5 km/h है। → हवा पाँच किलोमीटर प्रति घंटा है।
कमरा 25 m² का है। → कमरा पच्चीस वर्ग मीटर का है।
12 GB खाली है। → बारह गीगाबाइट खाली है।
गति 100 Mbit/s है। → गति एक सौ मेगाबिट प्रति सेकंड है।
5 min बाकी है। → पाँच मिनट बाकी है।
टाइमर 1 h का है। → टाइमर एक घंटा का है।
2 h बाकी हैं। → दो घंटे बाकी हैं।
1h 5m बाकी है। → एक घंटा पाँच मिनट बाकी है।
दाम ₹100 है। → दाम एक सौ रुपये है।
दाम ₹3.50 है। → दाम तीन रुपये पचास पैसे है।
दाम रु. 500 है। → दाम पाँच सौ रुपये है।
₹5 लाख का बजट। → पाँच लाख रुपये का बजट।
$1 और €20 → एक डॉलर और बीस यूरो
10-20 लोग आए। → दस से बीस लोग आए।
आज 5–7 °C रहेगा। → आज पाँच से सात डिग्री सेल्सियस रहेगा।
कुल 1,00,000 फ़ाइलें। → कुल एक लाख फ़ाइलें।
पाई 3.14 है। → पाई तीन दशमलव एक चार है।
फ़ोन 98765 43210 है। → फ़ोन नौ आठ सात छह पाँच, चार तीन दो एक शून्य है।
Home Assistant 2024.11.1 उपलब्ध है। → Home Assistant दो हज़ार चौबीस पॉइंट ग्यारह पॉइंट एक उपलब्ध है।
पता 192.168.1.10 है। → पता एक सौ बानवे पॉइंट एक सौ अड़सठ पॉइंट एक पॉइंट दस है।
1/2 कप दूध और 3/4 लीटर। → आधा कप दूध और तीन चौथाई लीटर।
1½ घंटे और 2½ घंटे। → डेढ़ घंटे और ढाई घंटे।
कमरा #5 → कमरा नंबर पाँच
डॉ. शर्मा आए। → डॉक्टर शर्मा आए।
नमक & मिर्च, 5 + 3 = 8 → नमक और मिर्च, पाँच प्लस तीन बराबर आठ
-5 और ~5 मिनट → माइनस पाँच और लगभग पाँच मिनट
""",
    "ja-JP": """
リビングの温度は21.5°Cです。 → リビングの温度はニジューイッテンゴドです。
外は-3°Cです。 → 外はマイナスサンドです。
室温は２１．５℃です。 → 室温はニジューイッテンゴドです。
21.0 °Cに設定しました。 → ニジューイチドに設定しました。
70°Fです。 → 華氏ナナジュードです。
温度を21度に設定しました。 → 温度をニジューイチドに設定しました。
玄関は14:30に開きました。 → 玄関はジューヨジサンジュップンに開きました。
アラームは7:05 pmです。 → アラームは午後シチジゴフンです。
8amに起こして。 → 午前ハチジに起こして。
今は4時です。 → 今はヨジです。
9:30-17:00は留守です。 → クジサンジュップンからジューシチジは留守です。
0:00に保存しました。 → レージに保存しました。
10分のタイマーを開始しました。 → ジュップンのタイマーを開始しました。
残り8分です。 → 残りハップンです。
残り5 minです。 → 残りゴフンです。
タイマーは1 hです。 → タイマーはイチジカンです。
今日は2026-11-22です。 → 今日はニセンニジューロクネンジューイチガツニジューニニチです。
1月1日は休みです。 → イチガツツイタチは休みです。
4月20日に会いましょう。 → シガツ二十日に会いましょう。
9月7日です。 → クガツナノカです。
バッテリーは残り15%です。 → バッテリーは残りジューゴパーセントです。
湿度は45％です。 → 湿度はヨンジューゴパーセントです。
昨日は3.2 kWh使いました。 → 昨日はサンテンニキロワット時使いました。
電球は60 Wです。 → 電球はロクジューワットです。
気圧は1013hPaです。 → 気圧はセンジューサンヘクトパスカルです。
CO2は420ppmです。 → シーオーツーはヨンヒャクニジュッピーピーエムです。
風速は3 m/sです。 → 風速は秒速サンメートルです。
風は5 km/hです。 → 風は時速ゴキロメートルです。
部屋は25m²です。 → 部屋はニジューゴヘーホーメートルです。
空きは12 GBです。 → 空きはジューニギガバイトです。
速度は100 Mbit/sです。 → 速度は毎秒ヒャクメガビットです。
水が2 L必要です。 → 水がニリットル必要です。
500円です。 → ゴヒャクエンです。
¥1,000です。 → センエンです。
$3.50です。 → サンテンゴドルです。
1万円です。 → イチマンエンです。
電気を3つ消しました。 → 電気をミッツ消しました。
2人が帰宅しました。 → フタリが帰宅しました。
1人です。 → ヒトリです。
10-20人です。 → 十からニジューニンです。
5〜7°Cでしょう。 → 五からナナドでしょう。
電話は090-1234-5678です。 → 電話はゼロキューゼロ、イチニーサンヨン、ゴーロクナナハチです。
Home Assistant 2024.11.1があります。 → Home Assistant 二千二十四てん十一てん一があります。
IPは192.168.1.10です。 → IPは百九十二てん百六十八てん一てん十です。
1/2カップです。 → ニぶんのイチカップです。
2 × 3です。 → 二かける三です。
円周率は3.14です。 → 円周率はサンテンイチヨンです。
第1回です。 → 第イッカイです。
-5です。 → マイナス五です。
20日に届きます。 → 二十日に届きます。
3000歩です。 → 三千歩です。
憂鬱（ゆううつ）な日 → ユウウツな日
市場（しじょう）です。 → 市場です。
天気（くもり）です。 → 天気（くもり）です。
""",
    "zh-CN": """
客厅的温度是21.5°C。 → 客厅的温度是二十一点五摄氏度。
室外温度-3°C。 → 室外温度零下三摄氏度。
室温２１.５℃。 → 室温二十一点五摄氏度。
已设为21.0 °C。 → 已设为二十一摄氏度。
现在70°F。 → 现在七十华氏度。
温度已设置为21度。 → 温度已设置为二十一度。
室外-3度。 → 室外零下三度。
车库门在14:30打开。 → 车库门在十四点三十分打开。
闹钟设在7:05 pm。 → 闹钟设在晚上七点零五分。
8am叫醒我。 → 上午八点叫醒我。
现在2点。 → 现在两点。
下午2:05开会。 → 下午两点零五分开会。
9:30-17:00没人。 → 九点三十分到十七点没人。
0:00备份。 → 零点备份。
今天是2026-11-22。 → 今天是二零二六年十一月二十二日。
截止22/11/2026。 → 截止二零二六年十一月二十二日。
2026年11月22日 → 2026年11月22日
1984年出生。 → 1984年出生。
电池剩余15%。 → 电池剩余百分之十五。
湿度为45％。 → 湿度为百分之四十五。
昨天用了3.2 kWh。 → 昨天用了三点二千瓦时。
灯泡60 W。 → 灯泡六十瓦。
气压1013hPa。 → 气压一千零一十三百帕。
CO2为420 ppm。 → 二氧化碳为百万分之四百二十。
颗粒物12 µg/m³。 → 颗粒物每立方米十二微克。
风速5 km/h，阵风3 m/s。 → 风速每小时五公里，阵风每秒三米。
房间25m²。 → 房间二十五平方米。
剩余12 GB。 → 剩余十二吉字节。
速度100 Mbit/s。 → 速度每秒一百兆比特。
需要2 L水。 → 需要两升水。
还剩5 min。 → 还剩五分钟。
定时2 h。 → 定时两小时。
定时2小时。 → 定时两小时。
打开了2个灯。 → 打开了两个灯。
已关闭3盏灯。 → 已关闭三盏灯。
¥500 → 五百元
$3.50 → 三点五美元
€20 → 二十欧元
1,234元 → 一千两百三十四元
10-20人 → 十到二十人
今天5~7°C。 → 今天五到七摄氏度。
2019-2024年 → 二零一九到二零二四年
电话13812345678。 → 电话幺三八幺二三四五六七八。
Home Assistant 2024.11.1可用。 → Home Assistant 二零二四点十一点一可用。
地址192.168.1.10。 → 地址一百九十二点一百六十八点一点十。
加1/2杯水。 → 加二分之一杯水。
打开¾。 → 打开四分之三。
2 × 3 → 2乘3
盐 & 胡椒 → 盐和胡椒
圆周率3.14。 → 圆周率三点一四。
~5分钟。 → 大约五分钟。
第1次 → 第一次
""",
}

EXAMPLES = {tag: [tuple(line.split(" → ")) for line in lines.strip().splitlines()] for tag, lines in _EXAMPLES.items()}
"""Pairs of what is written and what is said, by advertised tag."""
