/** What a house says, in nine languages: for each a sample of a voice, and examples in the order of TOPICS. */

export const TOPICS = ["Door", "Laundry", "Temperature", "Alarm", "Energy", "Date", "Morning"];

/** @type {Record<string, {sample: string, texts: string[]}>} */
export const PRESETS = {
  "en-US": {
    sample: "Hi, welcome home. I've turned on the lights for you.",
    texts: [
      "The garage door is still open. Should I close it?",
      "The washing machine is done, so the laundry can go into the dryer.",
      "It's 68.5 °F in the living room and 31 °F outside.",
      "Your alarm is set for 6:45 AM tomorrow.",
      "Today you used 14.2 kWh, which cost $2.35.",
      "The dentist is on 11/03/2026 at 3:30 PM, 21 Main St.",
      "Good morning! It's 7:05, and the coffee is ready. Rain is expected from 2 PM, with gusts up to 35 mph, so take an umbrella. The trash goes out today, and the battery of the front door lock is down to 8%.",
    ],
  },
  "en-GB": {
    sample: "Hello, welcome home. I've switched the lights on for you.",
    texts: [
      "The garage door is still open. Shall I close it?",
      "The washing machine has finished, so the laundry can go on the line.",
      "It's 19.5 °C in the lounge and -2 °C outside.",
      "Your alarm is set for 6.45am tomorrow.",
      "Today you used 14.2 kWh, which cost £3.80.",
      "The dentist is on 03/11/2026 at half past three.",
      "Good morning! It's 7.05, and the kettle is on. Rain is expected from 2pm, with gusts up to 35 mph, so take an umbrella. The bins go out today, and the battery of the front door lock is down to 8%.",
    ],
  },
  "es-ES": {
    sample: "Hola, qué bien que estás en casa. He encendido las luces.",
    texts: [
      "La puerta del garaje sigue abierta. ¿Quieres que la cierre?",
      "La lavadora ha terminado: ya se puede tender la ropa.",
      "En el salón hay 21,5 °C y fuera -2 °C.",
      "La alarma sonará mañana a las 7:30.",
      "Hoy has gastado 8,4 kWh, es decir, 1,26 €.",
      "La cita es el 05/11/2026 en el 2.º piso.",
      "¡Buenos días! Son las 7:05 y el café está listo. A partir de las 14:00 lloverá, con rachas de 60 km/h, así que llévate el paraguas. A la cerradura le queda un 8 % de batería.",
    ],
  },
  "fr-FR": {
    sample: "Bonjour, bienvenue à la maison. J'ai allumé les lumières.",
    texts: [
      "La porte du garage est restée ouverte. Je la ferme ?",
      "La machine à laver a terminé, on peut étendre le linge.",
      "Il fait 19,5 °C dans la chambre et -4 °C dehors.",
      "Le réveil sonnera demain à 7h15.",
      "Aujourd'hui, vous avez consommé 9,3 kWh, soit 2,10 €.",
      "Le rendez-vous est le 1er février 2027, au 2e étage.",
      "Bonjour ! Il est 7h05 et le café est prêt. Il pleuvra à partir de 14h, avec des rafales à 70 km/h : prenez un parapluie. La batterie de la serrure est à 8 %.",
    ],
  },
  "hi-IN": {
    sample: "नमस्ते, घर में आपका स्वागत है। मैंने बत्ती जला दी है।",
    texts: [
      "गैराज का दरवाज़ा खुला है। क्या मैं उसे बंद कर दूँ?",
      "कपड़े धुल गए हैं, अब उन्हें सुखा दीजिए।",
      "कमरे में 24.5 °C है और बाहर 38 °C।",
      "अलार्म सुबह 6:30 बजे बजेगा।",
      "इस महीने बिजली का बिल ₹1,850 आया।",
      "बैठक 15/08/2026 को है।",
      "सुप्रभात! आज शाम को बारिश होगी, इसलिए छाता लेकर जाइए। ताले की बैटरी 15% बची है, और चाय तैयार है।",
    ],
  },
  "it-IT": {
    sample: "Ciao, che bello averti a casa. Ho acceso le luci.",
    texts: [
      "La porta del garage è rimasta aperta. Vuoi che la chiuda?",
      "La lavatrice ha finito: i panni sono da stendere.",
      "In salotto ci sono 20,5 °C, fuori -1 °C.",
      "La sveglia suonerà domani alle 6:45.",
      "Oggi hai consumato 6,2 kWh, cioè 1,85 €.",
      "L'appuntamento è il 08/05/2027, al 3º piano.",
      "Buongiorno! Sono le 7:05 e il caffè è pronto. Dalle 14:00 pioverà, con raffiche fino a 50 km/h, quindi prendi l'ombrello. La batteria della serratura è all'8%.",
    ],
  },
  "ja-JP": {
    sample: "おかえりなさい。リビングの明かりをつけました。",
    texts: [
      "車庫の扉が開いたままです。閉めますか？",
      "洗濯が終わりました。洗濯物を干してください。",
      "室温は21.5℃、外は-2℃です。",
      "明日の6:45にアラームが鳴ります。",
      "今日の電気代は1,280円、使用量は14.2kWhでした。",
      "予約は2026年11月3日です。",
      "おはようございます。午前7時5分です。午後から雨が降るので、傘を持って行ってください。玄関の鍵の電池は残り8%です。",
    ],
  },
  "pt-BR": {
    sample: "Olá, que bom que você chegou. Acendi as luzes da sala.",
    texts: [
      "A porta da garagem ficou aberta. Quer que eu feche?",
      "A máquina de lavar terminou: a roupa pode ir para o varal.",
      "Na sala faz 22,5 °C e lá fora 31 °C.",
      "O despertador vai tocar amanhã às 6h30.",
      "A conta de luz deu R$ 182,40 este mês.",
      "A consulta é no dia 14/02/2027, no 5º andar.",
      "Bom dia! São 7h05 e o café está pronto. Vai chover a partir das 14h, então leve o guarda-chuva. A bateria da fechadura está em 8%.",
    ],
  },
  "zh-CN": {
    sample: "你好，欢迎回家。我已经把客厅的灯打开了。",
    texts: [
      "车库门还开着，要不要关上？",
      "洗衣机洗好了，记得把衣服晾起来。",
      "客厅温度21.5°C，室外-3°C。",
      "闹钟定在明天早上6:45。",
      "今天用电14.2kWh，电费7.5元。",
      "预约在2026年11月3日。",
      "早上好！现在是7:05，咖啡已经煮好了。下午会下雨，出门请带伞。门锁电量只剩8%。",
    ],
  },
};
