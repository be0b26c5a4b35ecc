"""The words, endings and letters by which languages that share a script are told apart, as tables written by hand.

Listed are the words that hold sentences together, and those with which people ask for something: frequent, short, and
rarely names. The most frequent language of a script is its first. Words in Latin letters are known without their marks
too, since people leave them out on a phone.
"""

from __future__ import annotations

# Hindi, Urdu and the other Indian languages stand among the Latin ones as people write them on an English keyboard.
LATIN = {
    "en": (
        "shorten continue repeat translate define meaning capital population recipe tips process command size"
        " worth net best near who's synonym rhymes invent compose recommend solve sleep eat drink buy sell cook"
        " costs live learn wrong right correct true false longer oh yes weekly yearly generate strong empty notes"
        " sum value values times per each order sort by maximum minimum average weight height angle english"
        " spanish french german hindi wedding birthday road weather rain water food pain headache child book won"
        " lost the a an is are was were be been being am i you he she it we they me him her us them my your his"
        " its our their mine yours this that these those what which who whom whose where when why how and or but"
        " if because so than then there here not no of in on at for with from to into onto about over under"
        " between without within through during before after since until against do does did doing done have has"
        " had having can could will would shall should may might must cannot can't don't doesn't didn't isn't"
        " aren't wasn't won't wouldn't couldn't shouldn't haven't hasn't i'm i've i'll i'd it's that's what's"
        " there's you're we're they're let's im ive ill dont doesnt didnt isnt cant wont whats thats youre hes"
        " shes theyre u ur r pls plz please write make create give tell explain show help find get got getting"
        " need want wanna gonna gotta know think look like just only also too very really some any all every many"
        " much more most few less least other another same own such both either neither nothing something anything"
        " everything someone anyone everyone one two three first last next new old good better bad worst long"
        " short big small up down out off again still already ever never always often sometimes now today tomorrow"
        " yesterday tonight morning week month year day hello hi hey thanks thank yeah nope bye goodbye night"
        " people thing things way time makes made making use using used work works working worked go going went"
        " gone come comes coming came say says said take takes took put see saw try trying tried keep let ask"
        " asked asking mean means feel should've summarize summarise rewrite compare calculate draft fix check"
        " read describe remind set turn difference word words sentence reply answer question wife husband kids kid"
        " mom dad mum son daughter boss friend house home money dog cat while though although whether via versus"
        " vs how's where's upon them's y'all ain't hows gimme lemme dunno cuz bc idk tbh thx ty great cool nice"
        " sure maybe instead around away back even else enough shorter simpler funnier poem joke letter"
    ),
    "de": (
        "wlan passwort vergessen reis wasser verhältnis witz über katzen symptome von grippe kündigung"
        " handyvertrag steuern bei gehalt zitronenkuchen rezept kürzer bitte nochmal anders halsschmerzen was tun"
        " hauptstadt der mongolei unterschied zwischen als und wie hälfte für fläche kreis kürze kürzen verlängere"
        " wiederhole weiter erfinde verfasse empfiehl vergleiche löse suche prüfe schlafen essen trinken kaufen"
        " verkaufen kochen kostet wohnen lernen arbeiten bewerbung gedicht geschichte brief kuchen wetter auto"
        " wohnung gesund krank schmerzen klar genau stimmt falsch richtig nee jo beste liste die das den dem des"
        " ein eine einen einem einer eines oder aber ist sind war waren bin bist seid ich du er sie es wir ihr"
        " mich mir dich dir ihn ihm uns euch ihnen sich mein meine meinen meinem meiner dein deine deinen sein"
        " seine seinen unser unsere nicht kein keine keinen keiner ja nein doch mal auch noch schon nur sehr mehr"
        " viel viele wenig wer wo wann warum wieso weshalb welche welcher welches wem wen womit wofür wozu dass"
        " daß weil wenn ob denn dann da hier dort jetzt heute morgen gestern mit zu zum zur beim nach aus auf an"
        " am im in ins unter vor hinter durch gegen ohne um bis seit während wegen haben habe hab hast hat hatte"
        " hatten wird werden wurde würde würden kann kannst können konnte könnte könntest muss musst müssen soll"
        " sollte sollen will willst wollen möchte darf dürfen mag gibt gib mach mache machen schreib schreibe"
        " schreiben erklär erkläre erklären zeig danke hallo guten tag abend nacht tschüss moin servus moinsen"
        " übersetze übersetz fasse zusammen berechne wieviel sag gerade immer nie wieder alle alles etwas nichts"
        " man einfach gut besser neue neuen zwei drei jahre jahr stunden tage woche warst wäre hätte geht gehen"
        " kommt macht steht heißt bedeutet brauche brauchst weiß finde meinst denkst lieber oma opa mutter vater"
        " frau mann kinder kind hund fuer ueber koennen waere kurz länger freundlich eigentlich vielleicht damit"
        " dafür davon darauf dazu sonst weniger"
    ),
    "fr": (
        "passe oublié blague sur les chats symptômes grippe résilier forfait gâteau citron encore plus court"
        " autre chose gorge capitale mongolie différence entre année moitié pour raccourcis raccourcir continue"
        " répète invente rédige recommande compare résous cherche vérifie dormir manger boire acheter vendre"
        " cuisiner coûte habiter apprendre travailler poème histoire recette météo voiture appartement malade mal"
        " accord daccord faux vrai juste liste oeuf arrive pouvez quelles veut le la un une des du de et ou mais"
        " est es suis sont était étaient être été sera je tu il elle on nous vous ils elles me te se moi toi lui"
        " leur leurs mon ma mes ton ta tes son sa ses notre nos votre vos ce cet cette ces ça qui que qu quoi quel"
        " quelle quels où quand comment pourquoi combien parce car si comme ne pas moins très trop peu aussi déjà"
        " jamais toujours rien tout tous toute toutes même dans sous avec sans par chez vers avant après depuis"
        " pendant jusqu contre au aux en y à ai as avons avez ont avait avoir fait faire fais faut peut peux"
        " pourrais veux voudrais dois doit sais sait vais va vas aller dis dire donne donner écris écrire explique"
        " expliquer résume traduis traduire corrige calcule merci bonjour bonsoir salut coucou svp stp oui non"
        " bien bon bonne alors donc puis ici là maintenant aujourd'hui demain hier soir matin jour jours an ans"
        " mois semaine heures deux trois quatre c'est j'ai d'un d'une l'on qu'est qu'il n'est s'il t'es t'as m'a"
        " j'aimerais est-ce cela ceci quelqu'un mieux petit petite grand grande rappelle mets aide propose sinon"
        " vraiment parfait ouais mec texte phrase phrases mots idée idées lettre parents mère père mari femme"
        " enfants fille fils chien chat"
    ),
    "es": (
        "contraseña del olvidada chiste gatos síntomas gripe dar baja linea bizcocho limon corto otra vez dolor"
        " garganta capital diferencia entre por para mitad correos acorta acortar continúa sigue repite inventa"
        " redacta recomienda compara resuelve busca revisa dormir comer beber comprar vender cocinar cuesta vivir"
        " aprender trabajar poema cuento receta pastel tiempo piso enfermo falso correcto lista tal qué llama"
        " quiere decir significa que buenas porfi pasa pásame pásalo porque pero entra cabeza vaya dale órale wey"
        " güey nena nene jefe jefa trabajo dinero euros pesos casa coche carro salud comida el la los las lo un"
        " una unos unas y e o u es son soy eres somos era eran fue ser estar está están estoy estás estaba tú él"
        " ella ellos ellas nosotros usted ustedes vos me te se nos le les mi mis tu tus su sus nuestro nuestra"
        " este esta estos estas ese esa eso esto aquel quien quién cual cuál cuáles donde dónde cuando cuándo como"
        " cómo cuánto cuánta cuántos cuántas cuanto con sin de al en a sobre desde hasta contra según no sí si más"
        " menos muy mucho mucha muchos muchas poco también tampoco ya todavía aún nunca siempre nada algo alguien"
        " todo todos toda todas otro otros mismo misma cada hay haber he has ha hemos han había tengo tienes tiene"
        " tenemos tienen tener hace hacer hago haz hazme puedo puedes puede pueden podrías podría quiero quieres"
        " quisiera debo debe voy vas va vamos van ir dime dame escribe escríbeme escribir explica explícame"
        " explicar resume traduce traducir calcula ayúdame ayuda corrige hola gracias buenos días tardes noches"
        " adiós bueno buena bien mal mejor peor ahora hoy mañana ayer año años día mes semana horas hora dos tres"
        " cuatro entonces pues aquí allí así luego después antes solo sólo oye necesito sabes sé sea cosa cosas"
        " gente hijo hija mamá papá esposa marido perro gato texto frase palabras ponme recuérdame porfa porfavor"
        " vale tío jaja jajaja sirve"
    ),
    "pt": (
        "senha esqueci piada gato sintomas gripe cancelar plano celular bolo limão mais curto novo dor garganta"
        " capital mongólia diferença entre por para metade encurta encurtar continua repete inventa redige"
        " recomenda compara resolve procura verifica dormir comer beber comprar vender cozinhar custa morar"
        " aprender trabalhar poema história receita carro apartamento doente errado certo lista consegue consigo"
        " significa ônibus quero tudo oi beleza obg pq tb hj o a os as um uma uns umas e ou mas é são sou somos"
        " era eram foi ser estar está estão estou eu tu ele ela eles elas nós você vocês vc vcs gente me te se nos"
        " lhe meu minha meus minhas teu tua seu sua seus suas nosso nossa este esta esse essa isso isto aquele"
        " aquela aquilo que quê quem qual quais onde quando como quanto quanta quantos quantas porque porquê pra"
        " pro com sem de do da dos das em no na nas num numa ao à aos às pelo pela pelos pelas sobre desde até"
        " contra não sim menos muito muita muitos muitas pouco também já ainda nunca sempre nada algo alguém todo"
        " todos toda todas outro outra outros mesmo mesma cada há ter tem têm tenho tinha temos faz fazer faço"
        " faça posso pode podem podes poderia quer queria preciso devo deve vou vai vamos vão ir diz dizer dá dar"
        " escreve escreva escrever explica explique resume resuma traduz traduza traduzir calcula calcule ajuda"
        " manda olá obrigado obrigada bom boa dia tarde noite tchau bem mal melhor pior agora hoje amanhã ontem"
        " ano anos dias mês semana horas dois duas três então aqui ali assim depois antes só né tá cara casa filho"
        " filha mãe pai mulher marido cachorro texto frase palavras lembra lembre-me coisa coisas sei sabe seja"
        " fica ficar blz valeu kkk kkkk fui estava fazendo deste desta desse dessa nesse nessa dele dela mim"
        " comigo"
    ),
    "it": (
        "dimenticata barzelletta sui gatti sintomi dell'influenza disdetta telefono torta limone più corto ancora"
        " gola capitale della differenza tra stare essere metà accorcia accorciare continua ripeti inventa componi"
        " consiglia confronta risolvi cerca controlla dormire mangiare bere comprare vendere cucinare costa"
        " abitare imparare lavorare poesia storia ricetta tempo macchina appartamento malato dolore sbagliato"
        " giusto lista significa vuol riesco autobus tutto va il lo la gli i le un uno una e ed o ma è sono sei"
        " siamo siete era erano stato stata io tu lui lei noi voi loro mi ti si ci vi ne mio mia miei mie tuo tua"
        " tuoi suo sua suoi nostro nostra questo questa questi queste quello quella quelli che chi cosa cos quale"
        " quali dove quando come quanto quanta quanti quante perché per con senza di del dello dei degli delle"
        " dell da dal dalla dai in nel nella nei nelle nell a al alla ai alle all su sul sulla fra non no sì se"
        " meno molto molta molti tanto poco anche già mai sempre niente nulla qualcosa tutti tutta tutte altro"
        " altra altri stesso stessa ogni c'è ho hai ha abbiamo hanno avere aveva avevo fa fare faccio fai fammi"
        " posso puoi può possono potresti voglio vuoi vorrei devo deve dovrei vado andare dimmi dire dammi scrivi"
        " scrivimi scrivere spiega spiegami riassumi traduci calcola aiutami correggi ciao grazie buongiorno"
        " buonasera buonanotte salve prego bene male meglio peggio ora adesso oggi domani ieri anno anni giorno"
        " giorni mese settimana ore due tre quattro allora quindi qui lì così dopo prima solo sai so sia cose casa"
        " figlio figlia mamma papà moglie marito cane gatto testo frase parole ricordami cos'è com'è qual dov'è"
        " dell'anno un'altra mettimi facciamo serve magari però boh vabbè euro l'ho l'altro c'era sto sta stanno"
        " fatto detto quel dalle negli agli"
    ),
    "nl": (
        "wachtwoord vergeten katten symptomen griep abonnement opzeggen citroencake korter graag nog een keer"
        " keelpijn wat doen hoofdstad mongolië verschil tussen dan als helft inkorten herhaal verder verzin stel"
        " aanraden vergelijk los zoek controleer slapen eten drinken kopen verkopen koken kost wonen leren werken"
        " gedicht verhaal grap recept taart weer auto appartement ziek pijn klopt fout juist lijst lang schrijf"
        " betekent ei eieren wa zijde gij ge nen ne stand kampioenschap hoor echt best lekker leuk stuk geld werk"
        " vrij week jaar belgië vlaams mogen ben net wel bijna steeds ooit samen allemaal iedereen niemand de het"
        " en of maar is zijn bent was waren wordt worden werd ik jij je u hij zij ze wij we jullie mij me jou hem"
        " haar ons hen hun mijn m'n jouw uw onze deze dit die dat wie waar wanneer waarom hoe welke welk hoeveel"
        " omdat toen want niet geen ook al alleen heel erg zeer meer minder veel weinig van voor met op aan in uit"
        " bij naar over onder door tegen zonder om tot sinds tijdens na te er hier daar nu vandaag morgen gisteren"
        " heb hebt heeft hebben had hadden kan kun kunt kunnen kon zou zouden moet moeten mag wil wilt willen zal"
        " zullen gaan ga gaat doe doet maak maken geef geven schrijven leg vertaal vat bereken vertel help zeg"
        " weet weten hoi hallo bedankt dank dankjewel alsjeblieft aub goedemorgen goedenavond goede dag doei ja"
        " nee altijd nooit alles iets niets iemand elke andere zelfde goed beter beste slecht nieuwe twee drie"
        " vier dagen maand uur even gewoon misschien komt staat vind denk zie mensen huis kind kinderen vrouw man"
        " moeder vader hond kat tekst zin woorden zet herinner graden kort nou toch zo'n 't eens terug ongeveer"
        " hoelang waarmee waarvoor daarom zodat zoals jongen leuke mooie wiens"
    ),
    "pl": (
        "zapomniałem hasła kawał kotach objawy grypy wypowiedzenie umowy ciasto cytrynowe jeszcze krócej ból"
        " gardła stolica mongolii różnica między ponieważ połowa skróć skrócić dalej powtórz wymyśl ułóż poleć"
        " porównaj rozwiąż znajdź spać jeść pić kupić sprzedać gotować kosztuje mieszkać uczyć pracować wiersz"
        " historia żart przepis pogoda samochód auto mieszkanie chory boli źle dobrze lista długo znaczy możecie"
        " jedzie skąd dokąd i a w z ze na do od po za o u przez dla przy pod nad przed bez nie tak jest są był"
        " była było były być będzie będą jestem jesteś ja ty on ona ono my wy oni one mnie mi mną ciebie ci cię go"
        " jego jej im ich nam nas was się siebie mój moja moje mojego mojej twój twoja swój ten ta to te tego tej"
        " tym tych który która które których co kto czego czemu jak jaki jaka jakie gdzie kiedy dlaczego ile czy"
        " że żeby bo ale lub albo więc oraz jeśli jeżeli gdy już tylko też także bardzo więcej mniej dużo mało"
        " wszystko wszystkie nic coś ktoś każdy inny mam masz ma mamy macie mają mieć miał można mogę możesz może"
        " mogą trzeba chcę chcesz chciałbym chciałabym muszę musi powinien wiem wiesz zrób zrobić napisz napisać"
        " wyjaśnij wytłumacz przetłumacz streść podsumuj policz oblicz podaj pomóż pomoc powiedz daj pokaż popraw"
        " sprawdź przypomnij cześć hej dzień dobry dzięki dziękuję proszę dobranoc dobra dobre lepszy lepiej teraz"
        " dziś dzisiaj jutro wczoraj rok lat dni godzin dwa trzy cztery zawsze nigdy tu tam potem niż jako dom"
        " żona mąż dziecko dzieci syn córka mama tata pies kot tekst zdanie słów krótko krótszy spoko siema sobie"
        " mojemu jaką jakiś"
    ),
    "cs": (
        "zapomněl jsem heslo vtip kočkách příznaky chřipky výpověď smlouvy citronový koláč ještě jednou bolí krku"
        " hlavní město mongolska polovina zkrať zkrátit dál zopakuj vymysli slož doporuč porovnej vyřeš najdi spát"
        " jíst pít koupit prodat vařit stojí bydlet učit pracovat báseň příběh recept dort počasí auto byt nemocný"
        " špatně správně seznam dlouho znamená můžeš nemůžu jede jezdí odkud kam jj zatim vratím vrátím soubor"
        " verzi předvčerejška chybu chyba dává blbosti hele moc fakt jasně mockrát pořád úplně vlastně protoze"
        " muzes prosím a i v ve s se z ze na do od po za o u k ke pro při pod nad před mezi bez ne ano je jsou byl"
        " byla bylo byly být bude budou jsi jsme jste já ty on ona ono my vy oni mě mně mi mnou tebe tě ti ho jeho"
        " její jim jich nám nás vám vás si můj moje moji mého mé tvůj svůj ten ta to toho té tom těch který která"
        " které co kdo čeho jak jaký jaká jaké kde kdy proč kolik že aby protože ale nebo tak když jestli pokud už"
        " jen jenom taky také velmi více míň víc méně hodně málo všechno všechny nic něco někdo každý jiný mám máš"
        " má máme mají mít měl můžu může mohu mohl bych bys by chci chceš chtěl chtěla musím musí víš vím udělej"
        " udělat napiš napsat vysvětli přelož shrň spočítej vypočítej poraď pomoz řekni dej ukaž oprav zkontroluj"
        " připomeň ahoj čau dobrý den díky děkuji děkuju dobrou noc dobře lepší lépe teď dnes zítra včera rok let"
        " roky dny dní hodin dva dvě tři čtyři rozdíl vždy nikdy tady tam potom než jako doma manžel manželka dítě"
        " děti syn dcera máma táta pes kočka text věta slov krátce kratší stručně takže jde jít dělat prosim zase"
        " bejt nějaký nějakou svého tohle tento tuto této mojí mému čem našeho"
    ),
    "sk": (
        "zabudol som heslo vtip mačkách príznaky chrípky výpoveď zmluvy citrónový koláč ešte raz bolí krku hlavné"
        " mesto mongolska skráť skrátiť ďalej zopakuj vymysli zlož odporuč porovnaj vyrieš nájdi spať jesť piť"
        " kúpiť predať variť stojí bývať učiť pracovať báseň príbeh recept torta počasie auto byt chorý zle"
        " správne zoznam dlho znamená nemôžem ide chodí odkiaľ kam ahojte pekný večer prajem jj dik vďačný dakujem"
        " chcem vôbec vlastne stále úplne fakt jasné mozes prosim a i v vo s so sa z zo na do od po za o u k ku"
        " pre pri pod nad pred medzi bez nie áno je sú bol bola bolo boli byť bude budú si sme ste ja ty on ona"
        " ono my vy oni ma mňa mi mne mnou teba ťa ti ho jeho jej im ich nám nás vám vás môj moja moje mojej môjho"
        " tvoj svoj ten tá to tí tie toho tej tom tých ktorý ktorá ktoré čo kto čoho ako aký aká aké kde kedy"
        " prečo koľko že aby pretože lebo ale alebo tak keď či ak už len iba tiež aj veľmi viac menej veľa málo"
        " všetko všetky nič niečo niekto každý iný mám máš má máme majú mať mal môžem môžeš môže mohol by chceš"
        " chcel chcela musím musí vieš viem urob urobiť napíš napísať vysvetli prelož zhrň spočítaj vypočítaj"
        " poraď pomôž povedz daj ukáž oprav skontroluj pripomeň ahoj čau dobrý deň vďaka ďakujem prosím dobrú noc"
        " dobre lepší lepšie teraz dnes zajtra včera rok rokov roky dni dní hodín dva dve tri štyri rozdiel vždy"
        " nikdy tu tam potom než doma manžel manželka dieťa deti syn dcéra mama otec pes mačka text veta slov"
        " krátko kratšie stručne takže ísť robiť nejaký nejakú toto tento túto tejto svojho naša každú ktorú"
    ),
    "hr": (
        "zaboravio sam lozinku vic mačkama simptomi gripe raskid ugovora kolač limuna još jednom boli grlo glavni"
        " grad mongolije skrati skratiti nastavi ponovi izmisli sastavi preporuči usporedi riješi pronađi spavati"
        " jesti piti kupiti prodati kuhati košta živjeti učiti raditi pjesma pjesmu priča šala recept vrijeme auto"
        " stan bolestan krivo točno popis dugo znači možeš vozi odakle kamo kuha jaje jaja pomoći vlak glazba"
        " glazbu tvrtka uvjet uvjeti općina povijest povijesti znanost obitelj susjed plaća plaću siječnja veljače"
        " ožujka travnja kolovoza listopada studenog prosinca ljeti nogomet sveučilište računalo datoteka datoteku"
        " juha mrkva rajčica krumpir ured tjedno dida djed kune ljepše lijep lijepa snijeg mlijeko svijet vrijedi"
        " vrijednost mjesto uvijek cijeli bijeli rijeka riječ prije poslije gdje ovdje negdje nitko jesi jesam jel"
        " zadnji zadnja osim vani cesta otok čiji nije smije smijem htio htjela vidjeti mačka crna stilu jest ipak"
        " pošto jučer navečer ujutro i u na s sa iz do od po za o k ka kod bez prema kroz među između pred nad pod"
        " ne da je su si smo ste bio bila bilo bili biti će ću ćeš ćemo ja ti on ona ono mi vi oni me mene meni te"
        " tebe ga njega joj im ih nam nas vam vas se sebe moj moja moje mojeg mog mojoj tvoj svoj ovaj ova ovo taj"
        " ta to ovog tog koji koja koje kojeg što tko čega kako kakav kakva kada kad zašto koliko li jer ali ili"
        " nego ako već samo također vrlo jako više manje puno mnogo malo sve svi ništa nešto netko svaki drugi"
        " imam imaš ima imamo imaju imati nema mogu može možemo moglo mogao bih bi bismo želim hoću treba trebam"
        " moram mora znam znaš napravi napraviti napiši napisati objasni prevedi sažmi izračunaj pomozi reci daj"
        " pokaži ispravi provjeri podsjeti bok hej pozdrav dobar dan hvala molim laku noć dobro bolji bolje sada"
        " danas sutra godina godine dana sati dva dvije tri četiri razlika nikad tamo onda kao kući muž žena"
        " dijete djeca sin kći mama tata pas tekst rečenica riječi kratko kraće tjedan tjedna mjesec mjeseca"
        " lijepo dio cijena cijelu dvoje nekoliko kruha zrak kuna eura tisuća lipnja srpnja svibnja rujna"
    ),
    "sr": (
        "skrati skratiš nastavi ponovi izmisli sastavi preporuči uporedi reši pronađi spavam jesti piti kupiti"
        " prodati kuvati košta živeti učiti raditi pesma pesmu priča šala recept kolač vreme auto stan bolestan"
        " boli netačno tačno spisak dugo znači možeš ide odakle kuda kuva jaje jaja pomoći druže brate mogu voz"
        " muzika muzike uslov uslovi opština istorija nauka porodica komšija komšije plata platu januar februar"
        " mart avgust septembar oktobar novembar decembar fudbal univerzitet računar fajl fajlu supa šargarepa"
        " paradajz krompir kancelarija nedeljno deda baba rsd lepše lep lepa sneg mleko svet vredi vrednost mesto"
        " celi ceo cela beli reka reke reč pre posle negde niko jesi jesam jel poslednji poslednja osim napolju"
        " put ostrvo čiji nije sme smem hteo htela videti slava slavu kum svadba svadbu ćirilicom ćirilica"
        " latinica jeste ipak pošto juče uveče ujutru otkad šta sta kupio i u na s sa iz do od po za o k ka kod"
        " bez prema kroz među između pred nad pod ne da je su sam si smo ste bio bila bilo bili biti će ću ćeš"
        " ćemo ja ti on ona ono mi vi oni me mene meni te tebe ga njega joj im ih nam nas vam vas se sebe moj moja"
        " moje mojeg mog mojoj tvoj svoj ovaj ova ovo taj ta to ovog tog koji koja koje kojeg ko čega kako kakav"
        " kakva gde kada kad zašto koliko kolko li jer ali ili nego ako već još samo takođe vrlo jako više manje"
        " puno mnogo malo sve svi ništa nešto neko svaki drugi imam imaš ima imamo imaju imati nema može možemo"
        " moglo mogao bih bi bismo želim hoću treba moram mora znam znaš napravi napiši napisati objasni prevedi"
        " sažmi izračunaj pomozi reci daj pokaži ispravi proveri podseti zdravo ćao hej pozdrav dobar dan hvala"
        " molim laku noć dobro bolji bolje sada danas sutra godina godine dana sati dva dve tri četiri razlika"
        " uvek nikad ovde tamo onda kao kući muž žena dete deca sin ćerka mama tata pas mačka tekst rečenica reči"
        " kratko kraće nedelja nedelje prošle mesec meseca lepo deo cena celu dvoje nekoliko hleba vazduh dinara"
        " hiljada hiljadu umem lek beograd je'l uradi valjda ikakav"
    ),
    "sv": (
        "glömt lösenord skämt katter influensa säga upp abonnemang citronkaka gång till ont halsen huvudstaden"
        " mongoliet skillnaden mellan och vart hälften korta kortare fortsätt upprepa hitta dikta föreslå"
        " rekommendera jämför lös sök kolla sova äta dricka köpa sälja laga kosta kostar bo lära jobba dikt"
        " historia recept tårta väder bil lägenhet sjuk fel rätt lista länge betyder tar buss ägg koka ansökan en"
        " ett den det de dem eller men är var vara varit blir bli blev jag du han hon vi ni mig mej dig honom"
        " henne oss er sig min mitt mina din ditt dina sin sitt sina vår vårt våra hans hennes deras denna detta"
        " dessa som vad vem när varför hur vilken vilket vilka om att för därför inte ingen inget inga ja nej"
        " också bara mycket mer mindre många få med på i av från hos under över genom mot utan efter före innan"
        " sedan sen nu här där då idag imorgon igår har hade ha kan kunde ska skulle vill ville måste får fick bör"
        " gör göra går gå ge ger skriv skriva förklara förklarar översätt sammanfatta räkna beräkna berätta hjälp"
        " hjälpa säg visa rätta påminn vet veta hej hejsan tjena tack god morgon kväll natt bra bättre bäst dålig"
        " ny nya två tre fyra år dag dagar vecka månad timmar skillnad alltid aldrig allt alla något någon annan"
        " annat samma själv kanske lite väldigt snälla kort mening ord barn barnen fru man mamma pappa hund katt"
        " eftersom ifall heller enligt fram tillbaka gärna varje hela förra nästa kronor kr fast ju väl än igen åt"
        " ut ner mår tycker borde behöver köpte"
    ),
    "da": (
        "glemt katte symptomer opsige abonnement citronkage opskrift gang til ondt halsen hovedstaden mongoliet"
        " forskellen mellem ligge lægge halvdelen forkort forkorte fortsæt gentag opfind digt foreslå anbefal"
        " sammenlign løs søg tjek sove spise drikke købe sælge koge koster bo lære arbejde historie vittighed kage"
        " vejr bil lejlighed syg forkert rigtigt liste længe betyder tager bus æg kører fjerner hjælpen sikkert"
        " lav lavet strøm bevis bevise søn fyr sne sommerhus ansøgning købt køber kør mad matematik vej egentlig"
        " sker ske børnehave forskellige sprog ungerne spørger spørge snak kender uger plads leje weekend"
        " morgenmad aftensmad ferie billede regning hjemme bilen huset klokken ganske forstår nok måske mest flere"
        " færre først senere tidligere derefter mens såfremt jeg er køleskab ven venner året mine aften pige dreng"
        " en et den det de dem og eller men var være været bliver blive blev du han hun vi i mig dig ham hende os"
        " jer sig min mit din dit dine sin sit sine vores hans hendes deres denne dette disse som hvad hvem hvor"
        " hvornår hvorfor hvordan hvilken hvilket hvilke om at fordi ikke ingen intet ja nej også kun meget mere"
        " mindre mange få med på af fra hos under over gennem mod uden efter før inden siden nu her der da så dag"
        " morgen går har havde have kan kunne skal skulle vil ville må måtte får fik bør gør gøre gå giv giver"
        " skriv skrive forklar forklare oversæt opsummer beregn udregn fortæl hjælp hjælpe vis ret påmind ved vide"
        " hej hejsa tak god godmorgen godaften godnat godt bedre bedst dårlig ny nye to tre fire år dage uge måned"
        " timer forskel altid aldrig alt alle noget nogen andet anden samme selv lidt venligst kort kortere"
        " sætning ord børn barn kone mand mor far hund kat hvis end jo lige bare ud op ned igen ad synes burde"
        " kroner kr hele hver sidste næste penge blevet nogle gerne lave laver æble udtryk find bruge hedder sådan"
        " ligesom derfor selvom"
    ),
    "no": (
        "glemt passord vits katter symptomer influensa opp abonnement sitronkake oppskrift gang til vondt halsen"
        " hovedstaden forskjellen når halvparten forkort forkorte fortsett gjenta finn dikt foreslå anbefal"
        " sammenlign løs søk sjekk sove spise drikke kjøpe selge koke koster bo lære jobbe historie kake vær bil"
        " leilighet syk feil riktig liste lenge betyr tar buss egg kjører fjerner hjelpa hjelpen trygt sentrum å"
        " flekker lag laget skru skrur strøm bevis bevise sønn fyr greie greia greier snø sol sola hytta hytte"
        " stranda koss mæ dæ æ trenger trengs kveld jente gutt søknad kjøpt kjør mat matte vei nettet egentlig"
        " skjer skje barnehage forskjellige språk ungene spør spørre snakk snakkes kjenner uka uker plass leie"
        " helg helga frokost middag ferie bilde fila regning jobb hjemme bilen huset klokka ganske skjønner nok"
        " hvertfall kanskje dæm itj mye mest flere færre først senere tidligere deretter mens fordi dersom jeg er"
        " kjøleskap venn venner året mine en et ei den det de dem og eller men var være vært blir bli ble du han"
        " hun vi dere meg deg ham henne oss seg min mitt mi din ditt dine sin sitt sine vår vårt våre hans hennes"
        " deres denne dette disse som hva hvem hvor hvorfor hvordan hvilken hvilket hvilke om at ikke ingen"
        " ingenting ja nei også bare kun mer mindre mange få med på i av fra hos under over mellom gjennom mot"
        " uten etter før siden nå her der da så idag morgen går har hadde ha kan kunne skal skulle vil ville må"
        " måtte får fikk bør gjør gjøre gå gi gir skriv skrive forklar forklare oversett oppsummer beregn regn ut"
        " fortell hjelp hjelpe si vis rett påminn vet vite hei heisann takk god godt bedre best dårlig ny nye to"
        " tre fire år dag dager uke måned timer forskjell alltid aldri alt alle noe noen annet annen samme selv"
        " litt vennligst kort kortere setning ord barn barna kone mann mor far hund katt hvis enn jo ned igjen"
        " synes burde kroner kr hele hver siste neste penger blitt gjerne lage lager bruke bruk heter sånn liksom"
        " derfor hvert fram tilbake ikkje eg kva korleis ganger lønn"
    ),
    "fi": (
        "unohdin salasanan vitsi kissoista influenssan oireet irtisano liittymä sitruunakakku vielä lyhyempi"
        " kurkkukipu mongolian pääkaupunki puolet lyhennä jatka toista keksi runo suosittele vertaa ratkaise etsi"
        " nukkua syödä juoda ostaa myydä keittää maksaa asua oppia työ runon tarina resepti kakku sää auto asunto"
        " sairas kipeä väärin oikein lista kauanko tarkoittaa bussi kananmuna joo juu entä laita kalenteri"
        " kalenteriin muistutus klo yhtälö mites mitäs miten moro huomenna kesällä talvella tosiaan vaikka ettei"
        " sitten siitä euroa eur kpl kysymys vastaa ja tai mutta on ovat oli olivat olla ollut olen olet olemme ei"
        " en et emme eivät se ne tämä tämän nämä tuo minä mä sinä sä hän me te he minun mun minulle mulle mua"
        " sinun sun hänen meidän teidän heidän mitä mikä mitkä kuka kenen missä mistä mihin milloin miksi"
        " millainen kuinka paljonko montako jos kun koska että vaan sekä niin kuin kuten vai myös jo vain nyt"
        " tässä siinä siellä täällä tänään eilen hyvin hyvä hyvää parempi paras paljon vähän enemmän vähemmän"
        " kaikki mitään jotain joku jokin jokainen toinen sama voi voit voin voiko voisitko voisi haluan haluaisin"
        " pitää pitäisi täytyy saa saanko tee tehdä teen kirjoita kirjoittaa selitä selittää kerro käännä laske"
        " tiivistä auta auttaa anna näytä korjaa tarkista muistuta tiedätkö moi hei terve moikka kiitos kiitti"
        " huomenta iltaa yötä kyllä vuosi vuotta päivä päivää viikko kuukausi tuntia kaksi kolme neljä ero välillä"
        " aina koskaan kanssa ilman ennen jälkeen mukaan varten asti kohti yli alle lyhyt lause sanaa teksti lapsi"
        " lapset vaimo mies äiti isä koira kissa eli ehkä siis noin ihan tosi sen sitä sille tätä tästä jonka joka"
        " jotka oon ootko onko eikö olisi pitäs kans ku onks niitä niiden"
    ),
    "ro": (
        "uitat parola pisici simptome gripă reziliere prăjitură lămâie încă dată doare gât capitala mongoliei"
        " jumătate din scurtează scurta continuă repetă inventează compune recomandă compară rezolvă caută dormi"
        " dorm mânca bea cumpăra vinde găti costă locui învăța lucra poezie poveste glumă rețetă tort vremea"
        " mașină apartament bolnav greșit corect listă înseamnă autobuz ajutor in sa da cat și si sau dar este e"
        " sunt era erau fost fi fie ești eu tu el ea noi voi ei ele mă mie îmi mi te ție îți ti îl o îi le ne vă"
        " se își meu mea mei mele tău ta său nostru noastră acest această acesta aceasta acel aia asta ăsta ce"
        " cine care unde când cum cât câtă câți câte de pentru că fiindcă dacă nu mai foarte mult multe puțin prea"
        " tot toate toți nimic ceva cineva fiecare alt altă același la în pe cu fără spre prin între până după"
        " înainte peste sub lângă un unui unei niște al ai ale are am avem aveți au avut avea pot poți poate putem"
        " aș ar vreau vrei trebuie știu știi fac faci face fă facem scrie scrie-mi explică explică-mi tradu rezumă"
        " calculează ajută ajută-mă spune spune-mi dă dă-mi arată corectează verifică amintește-mi salut bună ziua"
        " seara dimineața mersi mulțumesc noapte pa bine rău bun cel cea cei cele acum azi astăzi mâine ieri an"
        " ani zi zile lună săptămână ore doi două trei patru diferența dintre mereu niciodată aici acolo apoi"
        " decât ca casa soț soție soția copil copii fiul fiica mama tata câine pisică text propoziție cuvinte"
        " scurt asa așa deci lei ron spre-o într-o într-un dintr-o n-am m-am s-a rog ori nici oare chiar numai"
        " doar eram zis bani"
    ),
    "hu": (
        "elfelejtettem jelszót vicc macskákról tünetei szerződés felmondása citromos süti még egyszer fáj torkom"
        " mongólia fővárosa fele rövidítsd folytasd ismételd találj írj ajánlj hasonlítsd oldd keress aludni enni"
        " inni venni eladni főzni kerül lakni tanulni dolgozni vers verset történet recept torta idő időjárás autó"
        " lakás beteg rossz helyes lista meddig jelent busz tojás tojást segítséget segítség mit nem jó a az és"
        " vagy de hogy igen is csak már van vannak volt voltak lesz lenni vagyok vagyunk én te ő mi ti ők engem"
        " téged őt minket nekem neked neki nekünk velem veled ez ezt ennek azt annak ezek azok ki kit hol hova"
        " honnan mikor miért hogyan mennyi mennyibe hány milyen melyik mert ha akkor mint amikor ami aki amit ahol"
        " egy két kettő három négy nagyon több kevesebb sok kevés minden mindent semmi valami valaki más ugyanaz"
        " nincs kell kellene lehet tud tudsz tudom tudod akarok szeretnék szeretném akar fog csinálj írd írjál"
        " írni magyarázd fordítsd foglald össze számold számítsd segíts mondd mondj adj mutasd javítsd ellenőrizd"
        " emlékeztess szia sziasztok helló köszi köszönöm reggelt napot estét éjszakát kérlek jól jobb most ma"
        " holnap tegnap év éves évek nap napok hét hónap óra különbség között mindig soha itt ott aztán után előtt"
        " nélkül szerint miatt alatt fölött meg el be le fel úgy így olyan ilyen lenne volna ne se sem ezért ház"
        " feleségem férjem gyerek gyerekek fiam lányom anyám apám kutya macska szöveg mondat szó szóban rövid"
        " rövidebb légyszi forint ft kb akár pedig viszont tehát hát na ugye legyen kéne tudnál"
    ),
    "ca": (
        "escurça continua repeteix inventa redacta recomana compara resol busca dormir menjar beure comprar"
        " vendre cuinar costa viure aprendre treballar poema conte acudit recepta pastís temps cotxe malalt mal"
        " fals correcte llista vol dir el la els les un una uns unes i o però és són sóc soc ets era eren ser està"
        " estan estic estar jo tu ell ella nosaltres vosaltres ells em et es ens us li el'm meu meva meus meves"
        " teu teva seu seva nostre nostra aquest aquesta aquests aquestes aquell aquella això allò que què qui"
        " quin quina quins quines on quan com quant quants quantes per perquè amb sense de del dels al als a en"
        " sobre entre des fins contra no sí si més menys molt molta molts poc també tampoc ja encara mai sempre"
        " res alguna algun algú tot tots tota totes altre altra mateix cada hi ha he has hem han havia tinc tens"
        " té tenim tenir fa fer faig fes pots puc pot podries vull vols voldria cal d'anar vaig vas va vam digues"
        " dona'm escriu escriu-me explica explica'm resumeix tradueix calcula ajuda'm corregeix hola gràcies merci"
        " bon dia bona tarda nit adéu bé millor pitjor ara avui demà ahir any anys dies mes setmana hores dos dues"
        " tres diferència llavors doncs aquí allà així després abans només necessito saps sé cosa coses casa fill"
        " filla mare pare dona marit gos gat frase paraules recorda'm sisplau plau d'un d'una l'any tal m'ha s'ha"
        " n'hi poden feina nen nens noi noia queda meitat tenc ma mon"
    ),
    "tr": (
        "şifremi unuttum kedi fıkrası grip belirtileri abonelik iptali limonlu kek bir daha boğazım ağrıyor"
        " moğolistanın başkenti yarısı kısalt uzat devam tekrar uydur öner karşılaştır çöz bul uyumak yemek içmek"
        " almak satmak pişirmek yaşamak öğrenmek çalışmak şiir hikaye fıkra tarif pasta hava araba daire hasta"
        " ağrı yanlış doğru liste tamam demek otobüs yumurta yardım yapmalıyım dakika kiralar peki olur ve veya"
        " ama bu şu o ben sen biz siz onlar bana sana ona bize size beni seni onu benim senin onun bizim sizin ne"
        " neden niye niçin nasıl nerede nereye nereden kim kimin hangi kaç kadar mı mi mu mü mısın misin musun"
        " için ile gibi göre sonra önce en çok az hiç her bütün tüm şey bazı diğer aynı var yok değil evet hayır"
        " de da ki ise eğer çünkü hem ya olan olarak oldu olsun olmak oluyor olacak edebilir eder et yap yapar"
        " yapmak yapabilir lazım gerek gerekiyor istiyorum ister bilmiyorum biliyor yaz yazar açıkla anlat çevir"
        " özetle hesapla söyle ver göster düzelt kontrol hatırlat merhaba selam teşekkürler teşekkür ederim sağol"
        " günaydın iyi geceler akşamlar lütfen güzel kötü şimdi bugün yarın dün yıl gün hafta ay saat iki üç dört"
        " beş arasındaki fark arasında zaman nedir kimdir hala bile sadece biraz fazla büyük küçük ev eşim oğlum"
        " kızım annem babam köpek cümle kelime kısa uzun bunu bunun buna şunu bi tl lira abi kanka nasil icin cok"
        " degil gore once yarin bugun dun tane içinde üzerinde hakkında kaldı gitti geldi diyor dedi olmaz"
    ),
    "id": (
        "lupa lelucon tentang kucing gejala kue lebih pendek sekali lagi sakit tenggorokan ibu kota setengah dari"
        " pendekin pendekkan lanjut lanjutkan ulangi karang rekomendasi bandingkan selesaikan cari tidur makan"
        " minum beli jual masak biaya tinggal belajar kerja puisi cerita resep cuaca mobil salah benar daftar lama"
        " arti artinya bus siap telur rebus surat sebuah keatas cara jawaban jawabannya doang pake pakai akar"
        " mendekati tlong jgn tp bhs nilai gimana masih tadi nanti malah emang memang kayaknya kirim kantor"
        " sekolah kuliah yang dan atau tapi tetapi di ke untuk dengan tanpa pada dalam oleh antara sampai sejak"
        " adalah ialah ini itu saya aku gue gw kamu anda lu dia ia kami kita mereka nya apa siapa mana dimana"
        " kapan kenapa mengapa bagaimana berapa karena jika kalau kalo bila agar supaya tidak tak gak ga nggak"
        " enggak bukan belum sudah udah telah sedang akan bisa dapat harus mau ingin boleh perlu ada tolong coba"
        " buat buatkan bikin bikinin tulis tuliskan jelaskan terjemahkan ringkas rangkum hitung hitungkan bantu"
        " kasih beri tahu carikan ingatkan cek perbaiki halo hai terima makasih selamat pagi siang sore malam ya"
        " iya dong sih deh nih kok juga saja aja cuma hanya kurang paling sangat banget semua setiap beberapa"
        " banyak sedikit lain sama seperti kayak sekarang hari besok kemarin tahun bulan minggu jam dua tiga empat"
        " lima perbedaan beda baik bagus rumah anak istri suami bapak ayah anjing kata kalimat singkat panjang"
        " orang uang harga ribu juta rb jt setelah sebelum jadi maka namun pernah selalu sering gitu gini yg dgn"
        " utk tdk dlm sm krn bgt trs klo apakah jangan biar lalu terus sini situ punya"
    ),
    "vi": (
        "quên mật khẩu chuyện cười mèo triệu chứng cúm bánh chanh ngắn hơn lần nữa đau họng thủ mông rút gọn tiếp"
        " lặp nghĩ soạn gợi so sánh tìm ngủ ăn uống mua bán nấu sống học thơ truyện công thức thời tiết xe bệnh"
        " sai đúng danh sách bao lâu nghĩa buýt trứng nuoc ngay nen uong là và hoặc hay nhưng của cho với không có"
        " được bị đã đang sẽ rồi chưa cũng chỉ rất quá lắm nhất nhiều ít các những một hai ba bốn năm mấy nhiêu"
        " tôi mình em anh chị bạn ông bà nó họ chúng ta này kia đó đây ấy gì ai đâu nào sao tại vì khi nếu thì mà"
        " nên để từ đến tới trong ngoài trên dưới giữa sau trước về ra vào lên xuống ở bởi theo như cái con người"
        " việc làm viết giúp giải thích dịch tóm tắt tính nói biết hãy xin chào cảm ơn vui lòng hôm nay mai qua"
        " ngày tháng tuần giờ tốt hộ nhé nha ạ vậy thế đi muốn cần phải thể nhà vợ chồng mẹ bố chó câu dài tiền"
        " khác nhau kiểm tra nhắc sửa xem còn lại hết cả mọi lúc bây k ko dc đc vs mk ntn mún kh hok"
    ),
    "sw": (
        "nimesahau nywila utani kuhusu paka dalili mafua fupi zaidi koo linauma mji mkuu fupisha endelea rudia"
        " tunga pendekeza linganisha tatua tafuta kulala kula kunywa kununua kuuza kupika gharama kuishi kujifunza"
        " kufanya shairi hadithi mzaha mapishi keki hewa gari mgonjwa maumivu sahihi orodha maana basi yai siwezi"
        " linaenda msaada gani fanya ziwe kitabu shule mwalimu mwanafunzi biashara kazi chakula maji barua jibu"
        " swali maswali unajua najua sijui wanasema akaniambia nikiona ngumu rahisi na ya wa la za cha vya kwa ni"
        " si sio katika kutoka hadi mpaka bila kama lakini au ama kwamba kuwa ili kwani mimi wewe yeye sisi nyinyi"
        " wao yangu yako yake yetu yenu yao wangu wako wake wetu langu changu hii huyu hiyo hizi hizo haya hapa"
        " pale huu hili hayo nini nani wapi lini vipi ngapi mbona kwanini je ndiyo hapana sana kidogo pia tu bado"
        " tayari sasa leo kesho jana mwaka miaka siku wiki mwezi saa moja mbili tatu nne tano kila wote yote zote"
        " nyingi wengi ingine nyingine niandikie andika eleza nieleze tafsiri hesabu nisaidie saidia niambie nipe"
        " onyesha rekebisha angalia nikumbushe habari jambo mambo asante shukrani karibu tafadhali usiku mwema"
        " asubuhi njema nzuri mzuri vizuri bora mbaya nina una ana tuna wana kuna hakuna naweza unaweza anaweza"
        " nataka ninataka nahitaji lazima inabidi tofauti kati nyumba mke mume mtoto watoto mama baba mbwa neno"
        " maneno sentensi pesa shilingi bei hela mtu watu kitu vitu baada kabla juu chini ndani nje yani poa sawa"
        " ile wale hivi hivyo nimekuwa niko yuko iko"
    ),
    "tl": (
        "nakalimutan ang biro tungkol pusa sintomas trangkaso maikli masakit lalamunan kabisera paikliin ituloy"
        " ulitin imbento irekomenda ikumpara lutasin hanapin matulog kumain uminom bumili magbenta magluto mura"
        " mahal mag-aral magtrabaho tula kwento resipe keyk panahon kotse sakit mali tama listahan gaano katagal"
        " ibig itlog gud am gabi sige ingat matutulog hugot script konting pero bastos buong para paninda kong ung"
        " po opo salamat gawan gawang nako ganito ganyan sya nya sayo samin dami yata bale tsaka hanggang muna ng"
        " sa mga si ni kay ay at o kung dahil kasi ako ikaw ka siya kami tayo kayo sila ko mo niya namin natin nyo"
        " ninyo nila akin iyo kanya amin atin inyo kanila ito iyan iyon yan yun yung dito diyan doon ano sino saan"
        " kailan bakit paano pano alin ilan magkano ba na pa nga din rin daw raw lang lamang naman oo hindi di"
        " wala may meron mayroon huwag wag pwede puwede kailangan gusto dapat ayaw alam gawa gawin gumawa isulat"
        " sulat sumulat ipaliwanag isalin ibuod kwentahin tulungan tulong sabihin bigyan ipakita ayusin"
        " paalalahanan kumusta kamusta magandang umaga hapon paki pakisulat pakigawa maganda mabuti mas pinaka"
        " sobra napaka marami konti lahat bawat isa dalawa tatlo apat lima ngayon bukas kahapon araw linggo buwan"
        " taon oras iba pareho parang tulad mula bago pagkatapos habang tapos kapag pag nung noong asawa anak"
        " nanay tatay aso bahay tao salita maikling mahaba pera piso nasa galing sana kaya eh ha diba nman lng pde"
        " kc sken kahit kesa kaysa hanap"
    ),
    "hi": (
        "bhul gaya billi lakshan nimbu hindi aur chhota baar fir gale dard rajdhani aadha chota bada matlab galat"
        " nind neend nahin sona khana pina peena kharidna bechna pakana rehna sikhao madad lambi chhoti likhdo der"
        " kitni ubalna station kaam bus aata aati aate dena rakhu bataye hogaya ruko arre waah wah badhiya shandar"
        " jao aao accha dost shaadi shadi naam mast pura poora puri poori leke padhna padh padhai padhke ladka"
        " ladki badi bade bda bdi gaadi hisaab hisab pada dhundo dhoondo chahta chahti chahte rakha rkha rkhna"
        " sikhna seekhna likha likhi bhashan nibandh kavita kahani shayari gussa pyar pyaar dil zindagi hamesha"
        " kharab shuru khatam hafta hafte dukan shehar kiraya barabar ghanta toot lagti kapde bijli chawal roti"
        " doodh sabzi namak kilo bahar kisne kiska kiski kiske kisko jisme jiski jiska isme usme inme unhe inhe"
        " unko inko koun karwana dikha sunao suna sunna rha jyda zada bta bol kha gyi gye hui tarah tarike sawal"
        " jawab matlb mtlb samay wajan umar mahine tarika nuskha upay fayde nuksan dedo krdo lakh crore karod"
        " hazar hajar hai hain h hu hoon hun tha thi the ho hoga hogi honge hota hoti hua huye hue kya kyaa kyu"
        " kyun kyo kyon kaise kaisa kaisi kese kaun kon kab kahan kaha kidhar kitna kitne ka ki ke ko se me mein"
        " mei main mai mujhe muje mujhko mera meri mere hum ham hume humein hamara hamari tum tu tumhe tera teri"
        " aap aapka aapki aapko apna apni apne ye yeh yah wo woh vo vah is us iska iski iske uska uski uske isko"
        " usko unka unki inka ne par pe pr tak or bhi hi to toh na nahi nhi nai mat agar lekin magar kyunki kyuki"
        " jo jab tab jaise jese waise phir abhi ab kal aaj parso subah shaam raat din saal mahina ghante baje kar"
        " karo kare karna karne karke krke kr kro krna krne karta karti karte kiya kiye kijiye karwa karun karu"
        " batao bata btao bataiye batana likho likh likhna likhkar do de dijiye diya le lo lena liya ja jana jata"
        " jati jate gayi gaye gya raha rahi rahe rhi rhe sakta sakti sakte skta skte chahiye chaiye chahie"
        " chaahiye wala wali wale vala vale acha acche ache achi thik theek sahi bahut bohot bhot thoda thodi"
        " zyada jyada kam sab sabhi kuch kuchh koi kisi har ek teen char paanch yaar bhai bhaiya didi mummy papa"
        " beta beti samjhao samjha samjhado samajh dikhao bhejo bhej banao bana banado banana laga lagta lag"
        " milega mila mil pata namaste namaskar shukriya dhanyavad dhanyawad alvida chalo sath saath liye lie baad"
        " pehle pahle andar upar niche bina wajah paise paisa rupaye log ghar bolo suno dekho dekh yahi wahi aisa"
        " aise itna itni kaunsa konsi konsa haan han ji haa nhin hona hone rakhna rakho lagao nikalo yaad dilana"
        " dila bhool jaldi"
    ),
    "ur": (
        "chota bara neend nahin aa rahi galat ghalat sahi darkhwast chutti nazm kahani aap khana jana salgirah"
        " mubarak matlab kis liye tum karo likho batao bhai ghalti gaari raatain aik walima budh jumerat jumma"
        " rupay pkr lahore karachi islamabad pindi pakistan pak larkay bachi phupho khala tarikhain wapis bataye"
        " parega paray pare paregi parta parti zaban zabaan jumla jumle lafz alfaaz dobara masjid ustad imtihan"
        " mausam ilaj taaleem mulazmat karobar munafa chora sher kafiya radif iqbal ghalib faiz dost hafta shuru"
        " khatam hamesha kharab yaad dukan shehar roti chawal kamre kharcha likha likhi naam shadi hai hain hun"
        " hoon tha thi ho hoga hota hoti kya kyun kaise kaun kab kahan kitna kitne kitni ka ki ke ko se mein main"
        " mujhe mera meri mere hum humein hamara ap apka apna apni ye yeh wo woh is us iska uska ne par pe tak aur"
        " bhi to na nahi agar lekin magar kyunke kyonke jo jab phir abhi kal aaj raat din saal kar karna karke"
        " karwaun karta karte kiya batain bataen batayen likh likhen likhain do dein den diya lein gaya gayi raha"
        " rahe sakta sakte chahiye wala wali wale acha achi theek thek bohat bohot thora thori ziada zyada kam sab"
        " kuch koi har ek parh parhna parhao parhai larka larki larke bari bare gari ghari tasveer taswir qareeb"
        " qarib farq zaroor zaroorat zaruri waqt khuda allah inshallah mashallah assalam assalamualaikum walaikum"
        " salam shukriya janab yaar abbu ammi dadi nani shohar biwi baji sahab sahib mehrbani meharbani barah"
        " karam maloom khayal izafa masla masail mashwara mashwra hisab sawal jawab misal tareeqa tareeqay tarjuma"
        " khulasa dua duaein shair ghazal ashaar talaq nikah zakat roza namaz eid ramzan haq qanoon mulk hukumat"
        " zindagi sehat dawai dawa bukhar bacha bache bachay bachon ley keliye kay kia hay hein thay nay say"
        " kyunkay"
    ),
    "mr": (
        "visarlo manjaricha vinod tapachi lakshane ajun ekda ghasa dukhtoy mongoliachi rajdhani lahan mothe"
        " aabhar zop yet nahi kavita goshta pakakruti chukicha barobar yadi arth jaycha khaycha kuth bas vadhdivas"
        " shubhechha lihi lavkar kam mala kalal kalala zal sangna asel karto karte boltoy kashala aahe ahe aahet"
        " ahet nahiye nahit mi me tu tula tumhi tumhala amhi aamhi amhala mazya majhya maza majha mazi majhi maze"
        " tuza tujha aapan apan kay kaay kasa kashi kase kasla kuthe kothe kadhi ka konta konti konte kiti kon ani"
        " aani pan kinva karan jar tar mhanje mhanun sathi saathi madhe madhye var varti khali baher pasun paryant"
        " kade sobat nantar aadhi purvi aata ata udya kal aaj varsh divas mahina tas he ha hi te to ti tya tyacha"
        " tyachi hya ya yacha yachi kar kara karu karaycha karaychi karayla karun kela keli kele sang sanga sangta"
        " sangaych liha lihun lihaycha de dya deu dila ghe ghya hava havi have pahije pahijet hota hoti hote hoil"
        " hoel asto asta aste zala jhala zali jhali zale jato jaate gela geli ahes khup chan chaan bara thoda"
        " thodi jast kami sagla sagle sagli kahi kahitari konitari ek don teen char paach namaskar dhanyavad"
        " dhanyawad bhau tai dada baba aai shetkari ghar kaam paise lagnat mulga mulgi mulache cha chi che chya la"
        " ne ni shi nako naka baghun bagh bagha samjav samjaun sathich asa ashi ase"
    ),
    "gu": (
        "bhuli gayo biladi lakshan dukhavo rajdhani kai che nanu motu aabhar ungh aavti avti nathi kavita varta"
        " khotu khoti sachu yadi arth javu khavu bas janmadivas raja arji lakhi aapo lakho karo cho chhe joi joye"
        " bolo shu kevi rite aajkal majama chu chhu chho hato hati hatu hata mane mare maro mari maru mara tame"
        " tamne tamaro tamari tamaru ame amne amaro hu tu tane taro tari su shun kem kevo kevu kyare kya kyan"
        " ketla ketli ketlu kon kayu kayo ane pan athva karan ke jo to mate maate ma thi no ni nu na ne par upar"
        " niche andar bahar pachi pachhi pehla pahela sudhi sathe vagar have atyare aaje kale aje gai kal varas"
        " divas mahino kalak aa e te apo aap lakh kaho kahe kar karvu karvani karvanu karva karine karyu kari joie"
        " joiye jovu samjavo samjav banavo banavi banavu batavo thay thai thayu thase hase hoy hoi rahyu rahi gayu"
        " saru sari saro bahu ghanu ghana thodu thodi vadhu ochu badha badhu kaik koi namaste namaskar dhanyavad"
        " abhar bhai ben motabhai dikra dikri ghar kaam paisa rupiya ek be tran char panch nai haa ema ena eno eni"
        " evu evi"
    ),
    "pa": (
        "bhul gaya billi chutkula bukhar lakshan vari fer gale vich dard rajdhani hai chota vadda neend aundi"
        " nahi kavita kahani galat sahi likh arzi chutti chahunda karde karda kardi jande jana khana bas janamdin"
        " vadhaiyan eh veere tusi ho je koi gall gal dasso samajh han haan hega haiga si san sigi mainu menu mein"
        " main mera meri mere tuhanu tuhada tuhadi tuhade assi asi sanu sada saadi sadi tu tenu tera ohnu ohna"
        " ohda ohdi ehda ehdi oh ki kida kiwe kive kiven kiddan kidan kithe kitho kadon kinna kinne kinni kehda"
        " kehdi kaun kyon kyu te ate par jadon kyunki da di de nu nun ne ton to wich utte thalle naal nal layi lyi"
        " bina baad pehla hun ajj aj kal saal din mahina kar karo karna karni karke kita kiti kitta das dass likho"
        " likhna deo dio dyo lai lo le hoya hoyi gayi gaye reha rehi rahe sakda sakdi sakde chahida chahidi"
        " chahide wala wali vala changa changi vadhia vadiya bahut bohat thoda thodi sare saare sara kuch kuj har"
        " ikk ik do tinn char panj sat sri akal satsriakal shukriya dhanwad meharbani veer paaji bhaji praji bhra"
        " puttar munda kudi ghar kamm paise nai ni na haanji vekho vekh samjhao samjha banao bana dasna kitthe"
        " jaldi rabb"
    ),
    "bn": (
        "bhule gechi biral niye jorer lokkhon arekbar gola betha mongoliar rajdhani chhoto boro ghum asche asbe"
        " na kobita golpo vul bhul thik likhe dorkhasto chuti tumi apni koro korcho jabo khabo eta oita jonmodin"
        " shuvechcha ki kore amake bolo dao sathe hobe lagbe mane ache achhe achi achhi acho ami amar amra amader"
        " tomar tomake tomra apnar apnake apnara tui tor se tar take tara tader ke keno kno kemon kemne kivabe"
        " kibhabe kothay kobe kokhon koto kotogulo kon konta kar kake ebong ar aar kintu othoba karon jodi tahole"
        " tobe jokhon tokhon ekhon ekhane okhane ei oi ta ti gulo ota seta jonno jnno theke diye kora korbo korben"
        " korte korche korchi korechi korlam korle koreche holo hoy hocche hoyeche hole chilo chilam bolen bolte"
        " bolun likho likhte likhun den dite diyo lage lagche pari paro parbo paren parbe chai chao jabe jete"
        " jacche jan jani jano nai nei haan hya bhalo valo khub onek ektu beshi kom sob shob kichu keu prottek"
        " ekta duto tinte ek dui tin char pach aj ajke kal kalke bochor din mash ghonta dhonnobad dhonnobaad"
        " nomoskar achen bhai vai dada didi apu ma baba bari kaj taka shathe moddhe upor niche pore age bujhiye"
        " bujhao samjhao bujhi banao baniye amr tmr hoye gese gelo korsi korsos bolsi"
    ),
    "ta": (
        "marandhuten poonai pathi kaichal arikuri innoru thadava thondai vali thalainagaram enna thookam varala"
        " vara pannalam panra panrinka thappu sari leave ezhudhi kavithai kadhai saptiya saptingala sapten thoonga"
        " pogalam vaanga vanga vaa po nee innaiku piranthanal vazhthu arththam puriyala yaarukku ethuku dhaane"
        " tamizh tanglish saree eduthu kuduthen vangi poda feel irukku iruku irukka iruka irukanga irukinga"
        " irundha irundhu irukum illa illai illaya ena enaku enakku naan nan en ennoda enoda unga ungaluku"
        " ungalukku unaku unakku un neenga ninga namma nama avan ava avar avanga avaru idhu ithu idha itha adhu"
        " athu adha atha indha intha andha antha epdi eppadi yepdi eppo epo yen yean enga engae yenga yaar yaru"
        " evlo evalavu ethana ethanai edhu ethu la ku oda ode kum um kooda kuda nu nnu dhan than thaan ma da di pa"
        " machan machi thala anna akka amma appa thambi thangachi sir pannu panna pannunga pannanum pannuven"
        " panren pannalama pandra seiya sei seyya sollu sollunga solra solren solli sonna sonnanga ezhudhu eluthu"
        " ezhuthi eluthi kodu kudu kudunga thaa thanga tharuva vandhu vanthu varum varuthu poitu poi pona poren"
        " pogum mudiyuma mudiyala mudiyum venum vendum venam vena theriyuma theriyala theriyum puriyira nalla"
        " romba konjam kammi jasthi neraya neriya ellam ellaam yedhavadhu oru rendu moonu naalu anju innum inum"
        " mattum apram aprom pinnadi munnadi mela keezha ippo ipo innaikku nalaiku naalaikku nethu naethu varusham"
        " naal vanakkam nandri padi sapadu veedu velai kasu panam maathiri mathiri mari maari appadi apdi ipdi"
        " ippadi aana aanaal illana vachu potu seri kaatu kanaku puthusa kelu"
    ),
    "te": (
        "marchipoyanu pilli meeda jwaram lakshanalu inko sari gonthu noppi rajadhani enti nidra ravatledu ravatla"
        " cheyali tappu correct leave rasi ivvu kavita katha nuvvu chestunnav tinnava tinnara vellali vachava"
        " randi po puttinaroju subhakankshalu ardham emito evariki enduku chinnaga pedda bro em chesav unnav"
        " bagunnav fest ki lo rayi politely naa maa mee undi undhi unnadi unnay unnayi unna unnaru untundi leda"
        " ledu ledhu lev kaadu kadu naku naaku nenu neeku niku nee meeru miru meeku miku mana manaki manam memu"
        " vadu vaadu vallu vaallu atanu ame adi idi dini deeni dani daani ee aa e emi emiti ento yemi endhuku ela"
        " yela ekkada ekada eppudu epudu evaru yevaru entha enta enni yenni edi ku ni nu tho to nunchi nundi kosam"
        " gurinchi valla kuda kooda mariyu kani kaani ante ayithe aithe ayina kabatti chey cheyi cheyyi cheyyali"
        " cheyandi cheyyandi chesi chesina cheste chestunnanu chestundi cheppu cheppandi cheppava chepu cheppina"
        " cheppali raayi rayandi raasi ivvandi ichi iste kavali kaavali kavala vastundi vasthundi vachindi"
        " vacchindi vachina potundi poyindi avutundi avuthundi ayindi ayyindi telusa teledu teliyadu telusu ardam"
        " artham kaledu kavatledu avvatledu chala chaala konchem ekkuva takkuva anni antha andaru emaina evaraina"
        " prathi oka okka okati rendu moodu nalugu aidu ippudu ipudu ippudey repu ninna ivala eeroju roju"
        " samvatsaram rojulu namaskaram namaskaramandi dhanyavadalu thanks andi ra raa anna akka amma nanna bava"
        " babu illu pani dabbulu manchi bagundi baga baagundi inka malli taruvata tarvata tharvatha mundu paina"
        " kinda lopala madhya laga laaga mari gaa chuste chudu chupinchu tiskoni pettu pettandi gurtu unte kada"
    ),
    "kn": (
        "martoytu bekkina bagge jwarada lakshanagalu innondu gantalu novu rajadhani yavudu nidde bartilla bartha"
        " barthilla madli tappu sari raje arji bardu kavana kathe neenu madtidiya madtidira oota ayta hogbeku"
        " bartini baro hogona yenu huttuhabba shubhashaya artha chikkadu dodda yarige yen enappa kelsa gottagalla"
        " hegidira hegidiya ellaru aaramaa aarama sakkath sakat guru heltira madtira madtiya ri ond ondu erdu ide"
        " idhe idya ideya iddu iddare illa illva illwa beku beda bekagide nanu naanu nanage nange nanna ninu"
        " ninage ninge ninna neevu nivu nimage nimge nimma namma namge avanu avalu avaru avnu avlu avru avara idu"
        " idhu adu adhu ee aa idanna idannu adanna adannu enu en yaake yake hege hegide heg yelli elli ellige"
        " yavaga yavag yaava yava yaavdu yavdu yaru yaaru eshtu yeshtu estu galu alli inda ge ke gu nu mattu matte"
        " aadre adre andre andare agide aagide agutte aagutte aagatte agatte agidya aagalla agalla agutha madu"
        " maadu madi maadi maadodu madodu madbeku maadbeku madbahuda maadbahuda madthare maadthare madutte madutta"
        " maadidre heli helu helkodi bari bareyi baredu barkodi kodu kodi kotte kottidare kotru togo tagondu nodu"
        " nodi nodbeku bandide banthu baruthe baratte bandre hogu hogi hogutte hoda hogthide gotta gottilla gottu"
        " swalpa swalp jasti jaasthi kadime kammi thumba tumba bahala yella ella yaradaru enadru prati eradu mooru"
        " naalku aidu ivaga iga eega ivattu ivatthu nale naale ninne nenne varsha dina tingalu namaskara"
        " dhanyavada maga anna akka amma appa magu mane kelasa duddu hana chennagi chennagide channagide thara"
        " tara haage heege haaage nantara mele kelage olage mundhe aamele amele nenapu haaku haki iro yaak"
        " illandre"
    ),
    "ml": (
        "marannu poyi poochaye patti paniyude lakshanangal onnu koodi thonda vedana mongoliayude thalasthanam"
        " ethaanu urakkam varunnilla cheyyum cheyyunne cheyyunnath thettaanu thett sheri leave ezhuthi kavitha"
        " katha nee entha sukhamano sukham kazhicho pokam varu poda enthu pirannal ashamsakal artham ariyanam"
        " cheruthakku valiya aarkku enthina sugamano vellam pokunilla ninnu evida vech muzhuvan aak aakk kittum"
        " kittiyilla parayamo tharam cheyth cheythilla pokunnilla nilkkanam ula ulla und undu undo undallo"
        " undaayirunnu aanu anu aano ano alla alle allenkil illa ille illallo enik enikku enikk njan njaan ente"
        " enne ninte ninne ningal ningalude nammal nammude njangal avan aval avar avante avalude ath athu ith ithu"
        " ithil athil ee aa enthanu enthaanu enth enthinu enthaa enthokke engane enganeya engana evide evideya"
        " eppo eppol eppozha aara aaranu aaru ethra ethraya ethu eth il ilu inu nu odu ude yude kond kondu muthal"
        " vare vendi pinne pakshe enkil ennal karanam cheyy cheyyu cheyyanam cheyyan cheytha cheythu cheyyaam para"
        " parayu paranju parayanam parayoo ezhuth ezhuthu ezhuthanam tharu tharumo tharamo thaa thannu venam veno"
        " vendath venda pattumo pattum pattilla pattunnilla varum varunnu vannu vannittu vannilla pokum pokunnu"
        " aayi aayittu aakum aakunnu ariyamo ariyilla ariyam manasilayilla manasilaayi nalla valare kurach kurachu"
        " kooduthal kuravu kure ellam ellaam enthenkilum aarenkilum oro oru randu moonu naalu anchu ippo ippol"
        " innu nale naale innale kollam varsham divasam masam namaskaram nanni chetta chechi machane aliya amma"
        " achan mol mon veedu joli paisa kaasu koode pole pola shesham munp mukalil thaazhe akath onn ittu edukku"
        " eduth koduth kodukkam maattu maatti matram mathram ini veendum sheriyano ormippikk"
    ),
    "ne": (
        "birse biralo rughako lakshan choti ghanti dukhyo chhoto banaideu thulo nindra lagena garne kavita katha"
        " galat thik nivedan bida lekhideu timi gardai khana khayau jane aaunu kati ber umalne janmadin"
        " shubhakamana artha bujhaau kaslai kinki malai hunna bhayena hajur lekhne mitho nimto kabita nepali"
        " rupaiya rupiya bistarai sakyo sakincha thaha chhaina bujhdina bholiko herera kinera milaera k ke"
        " bhannuhos chahanchhu chahanchu aausadhi bhaisakyo kehile birsechu kotha cha chha chan chhan chu chhu"
        " chau hunchha huncha hoina ho haina chaina thiyo thie thiyena bhayo bhaye bhako bhaeko bhayeko bhanda"
        " bhane bhaneko bhanera ma mero mera meri timro timilai tapai tapaiko tapailai hami hamro hamilai u usko"
        " uslai uni tyo yi ti yesko tesko kun kina kasari kaha kahile kasto kasle kasko ko lai le bata sanga samma"
        " lagi ra ani tara athawa kinabhane yadi jun jaba aile ahile aja aaja bholi hijo barsa din mahina ghanta"
        " gara gar garnu garna garera garchu garcha gareko gardeu gardinu bhannu bhana bhannus lekha lekhdinu"
        " lekhnu lekhdeu lekhi deu dinu dinus diyau sakcha sakchu saknu sakiyo parcha paryo parne pardaina hola"
        " holani hunu huna hune hudaina garnus garnuhos dherai ali ekdam alikati sabai kehi kei kohi ek dui tin"
        " char panch ramro ramri naramro namaste namaskar dhanyabad dai bhai didi bahini ama buwa ghar kaam paisa"
        " chahiyo chahincha chahinchha milcha milena milxa xa xu xaina garxu hunxa vane vayo vako vanne nai pani"
        " matra pachi aghi agadi mathi tala bhitra bahira hera sodhnu bujhena bujhaideu samjhaunu kasaile garda"
        " aru auta euta auna aayo gayo rahecha jasto yesto tyasto dinchha"
    ),
    "si": (
        "podi loku ninda yanne karanne waradi waradiyi hari nivadu liuma liyala kavi kathawa oya karannada kewada"
        " yanawada enawada upandinaya suba therum kaatada aiy mokadda wenne bihta biththara thambanna eka ekak"
        " ekata eke ekedi ekek eken mata mage mama mang oyata oyage oyaa api ape apita eyage eyata eya eyala ee"
        " meka me mewa oka araka eva mokakda mokak monawada monawa mokada ai aii kohomada kohoma koheda kohenda"
        " kawda kauda kawadda keeyada kiyada kiyak keeyak kochchara kiiyada ne nehe naha na nathnam nattam wage"
        " widiyata widihata widiyak widihe karanna karala karanawa karapan karagena wenawa wela unada una wenas"
        " wenakota tiyenawa thiyenawa tiyenawada thiyenawada thiyena thiyenne thibba denna denne dunna dipan dena"
        " ganna ganne gannawa gaththa gannada kiyanna kiyala kiyapan kiyanne kiyana kiwwa liyanna hadanna hadala"
        " hadapan balanna balala enawa enna ena awa yanawa yanna yana giya puluwan puluwanda da beha baha oni one"
        " onee danna danne dannawada dala damme damma tikak podda godak hariyata harida hodai hoda hodata honda"
        " okkoma serama mokuth kawuruth ek dekak dekai thunak thun hatara paha dan dang ada heta iye awurudu dawas"
        " masa ayubowan isthuthi sthuthi bohoma machan ban malli aiya akka nangi amma thaththa gedara wada salli"
        " rupiyal nisa hinda nam namuth saha ekka ekkama walin walata wala gena passe kalin uda yata athule ekath"
        " kiyalada kohomd neda wath thawa ita karanda"
    ),
    "fa": "salam khubi chetori merci mamnoon lotfan man mikham chera chejoori khoda hafez kheili ast hast nist mishe",
    "ar": (
        "marhaba shukran salam habibi keif kifak shlonak shu sho wein leish esh ana enta inta mish mafi aywa"
        " yalla inshallah alhamdulillah sabah masa ahlan"
    ),
    "ru": "privet spasibo kak dela chto pochemu eto mne menya pozhaluista skolko gde kogda napishi skazhi nado mozhno",
    "uk": "pryvit dyakuyu dakuju bud laska shcho chomu meni treba napyshy skilky de koly",
    "bg": (
        "zdravei blagodarq blagodarya mersi mn lek den kakvo zashto kak sum iskam mnogo dobre kolko napishi moje leka"
    ),
    "el": (
        "kalimera kalispera kalinixta geia eixe euxaristo efharisto efxaristo ti kaneis kala pos giati pou pote"
        " einai thelo den kai gia mou sou nai oxi poso poia poio mporeis grapse parakalo tin tis ston stin apo"
    ),
    "ja": "konnichiwa arigatou arigato ohayou sumimasen desu kudasai nani doko naze watashi onegai",
    "zh": "nihao xiexie zenme shenme weishenme",
    "ko": "annyeong annyeonghaseyo gamsahamnida kamsahamnida juseyo",
    "th": "sawasdee sawatdee khrap khub khun krub",
    "he": "shalom toda ani ata lama eifo kama bevakasha",
}
DEVANAGARI = {
    "hi": (
        "वाईफाई पासवर्ड भूल गया बुखार लक्षण बार फिर गले में दर्द मंगोलिया राजधानी छोटा करो छोटी बड़ा बड़ी लंबा"
        " मतलब नींद सोना खाना पीना खरीदना बेचना पकाना रहना सीखना मदद लिखना गाना कविता कहानी चुटकुला मौसम बीमार"
        " सूची देर कितनी देश राज्य कहते किसने किसका किसकी लागू पिताजी माँ जन्मदिन बधाई शायरी निबंध पत्र छुट्टी"
        " आवेदन है हैं हूँ हूं हो था थी थे होगा होगी होंगे होता होती होते हुआ हुई हुए क्या क्यों क्यूं कैसे कैसा"
        " कैसी कौन कौनसा कब कहाँ कहां किधर कितना कितने का की के को से पर तक ने मैं मुझे मुझको मेरा मेरी मेरे हम"
        " हमें हमारा हमारी हमारे तुम तू तुम्हें आप आपका आपकी आपको अपना अपनी अपने यह ये वह वो इस उस इसका इसकी इसके"
        " उसका उसकी उसके इसे उसे इनका उनका इन उन और भी ही तो नहीं मत अगर लेकिन मगर क्योंकि जो जब तब जैसे वैसे अभी"
        " अब कल आज परसों सुबह शाम साल महीने घंटे बजे कर करें करना करने करके करता करती करते किया कीजिए करूं करूँ"
        " बताओ बता बताइए बताएं बताना लिखो लिख लिखें लिखिए दो दे देना दीजिए दिया दी ले लो लेना लिया जाओ जा जाना"
        " जाता जाती जाते गई गए रहा रही रहे सकता सकती सकते चाहिए वाला वाली वाले अच्छा अच्छी ठीक सही गलत बहुत थोड़ा"
        " थोड़ी ज्यादा ज़्यादा कम सब सभी कुछ कोई किसी हर एक तीन चार यार भाई समझाओ समझाइए समझा दिखाओ भेजो बनाओ बना"
        " बनाइए लगता नमस्ते शुक्रिया धन्यवाद साथ लिए बाद पहले बिना बीच यानी जी हाँ हां बोलो सुनो देखो यही वही ऐसा"
        " इतना याद दिलाना दिला तरफ वजह पैसे बच्चे घर काम"
    ),
    "mr": (
        "वायफाय पासवर्ड विसरलो तापाची लक्षणे अजून एकदा घसा दुखतोय मंगोलियाची राजधानी लहान मोठा मोठे मोठी सर्वात"
        " अर्थ झोप खायचे प्यायचे विकत शिकायचे मदत मदतीबद्दल आभार लिहा गाणे कविता गोष्ट विनोद हवामान आजारी दुखते"
        " यादी वेळ देश राज्य म्हणतात कोणी कोणाचा कोणाची बाबांना आईला वाढदिवस वाढदिवसाच्या शुभेच्छा निबंध पत्र अर्ज"
        " रजा चूक चुकीचे बरोबर अंतर पुणे मुंबई लागू उकडायचे नोकरी नोकरीसाठी जय शुभ सकाळ सकाळी लवकर उठलो नाव नावाची"
        " वय सूट बंद चालू पंखा घर एकूण भागिले गुणिले अधिक वजा असताना असलेल्या करायची असून होऊ शकते शकतो शकता येते"
        " यायला जायला घ्यायला द्यायला लिहायची लिहायचं आहे आहेत आहेस आहोत नाही नाहीत नाहीये नव्हता होता होती होते"
        " होईल असेल असतो असते असतात असं असा अशी असे काय कसा कशी कसे कसं कसला कुठे कुठला कुठून कधी कोण कोणता कोणती"
        " कोणते कोणत्या किती का की मी मला माझा माझी माझे माझं माझ्या तू तुला तुझा तुझी तुम्ही तुम्हाला तुमचा आम्ही"
        " आम्हाला आमचा आमच्या आपण आपला आपले आपल्या तो ती ते त्या त्याचा त्याची त्याचे त्यांना त्यांचा तिला तिचा हा"
        " ही हे या ह्या याचा याची यांचा यात त्यात आणि व पण परंतु किंवा कारण जर तर म्हणून म्हणजे म्हणाला म्हणे साठी"
        " साठीच मध्ये वर खाली बाहेर पासून पर्यंत कडे सोबत नंतर आधी पूर्वी आता उद्या काल आज वर्ष वर्षे दिवस महिना"
        " तास वाजता ला ने नी शी चा ची चे च्या चं कर करा करू करून करायचे करायचं करायला करता करतो करते केला केली"
        " केले केलं सांग सांगा सांगाल सांगता लिही लिहून द्या दे देऊ दिला घ्या घे घेऊ हवा हवी हवे हवं हवंय पाहिजे"
        " पाहिजेत झाला झाली झाले झालं जातो जाते जातात गेला गेली गेले येतो येत करत खूप छान चांगला चांगली चांगले बरं"
        " थोडं थोडा जास्त कमी सगळे सगळं सर्व काही एक दोन तीन चार नमस्कार धन्यवाद भाऊ ताई आई बाबा घरी मुलगा मुलगी"
        " मुलांना पैसे नको नका बघ बघा समजावून समजाव फक्त पुन्हा लगेच इथे तिथे कळत येईल लागेल लागतो लागते तरी"
        " सुद्धा ना रे गं दाखव दाखवा काढ काढून टाक"
    ),
    "ne": (
        "वाइफाइ पासवर्ड बिर्सें रुघाको लक्षण फेरि चोटि घाँटी दुख्यो मंगोलियाको राजधानी छोटो ठूलो अर्थ निद्रा"
        " लागेन सुत्न खान पिउन किन्न बेच्न पकाउन बस्न सिक्न सहयोग सहयोगको गीत कविता कथा ठट्टा मौसम बिरामी दुख्छ"
        " सूची बेर देश भनिन्छ कसले जन्मदिन शुभकामना निबन्ध पत्र निवेदन बिदा गलत हो ठीक बनाऊ बनाइदेऊ लेखिदेऊ जारी"
        " हजुर हजुरको बिस्तारै थाहा चिठी रहेको लागेको आएको गएको सकियो मिलाएर किनेर छ छन् छु छौ छैन छैनन् होइन हुन्"
        " हुन्छ हुने हुँदैन हुन हुँदा थियो थिए थिएन भयो भए भएको भने भन्ने भनेर भन्नु भनिदिनु म मलाई मेरो मेरा मेरी"
        " तिमी तिम्रो तिमीलाई तपाईं तपाईँ तपाई तपाईंको हामी हाम्रो हामीलाई ऊ उसको उसलाई उनी यो त्यो यी ती यसको"
        " त्यसको यस त्यस के कुन किन कसरी कहाँ कहिले कति कस्तो कसको को का की लाई ले मा बाट सँग सम्म लागि र अनि तर"
        " वा अथवा किनभने यदि जुन जब अहिले आज भोलि हिजो वर्ष दिन महिना घण्टा बजे गर गर्नु गर्ने गर्न गरेर गर्छु"
        " गर्छ गरेको गरिदेऊ गरिदिनु गरिदिनुस् गर्दा गर्नुहोस् गर्नुस् गर्नुपर्छ भन भन्नुस् भन्नुहोस् लेख लेख्नु"
        " लेखिदिनु लेखिदिनुस् लेखेको देऊ दिनु दिनुस् दिनुहोस् सक्छ सक्छु सकिन्छ सक्नु पर्छ पर्यो पर्ने पर्दैन होला"
        " धेरै अलि अलिकति एकदम सबै केही कोही एउटा दुई तीन चार पाँच राम्रो राम्ररी नमस्ते नमस्कार धन्यवाद दाइ भाइ"
        " दिदी बहिनी आमा बुबा घर काम पैसा चाहियो चाहिन्छ मिल्छ नै पनि मात्र पछि अघि अगाडि माथि तल भित्र बाहिर हेर"
        " बुझाइदेऊ बुझिन बुझाउनु सम्झाउनु अरू आउँछ आयो गयो रहेछ जस्तो यस्तो त्यस्तो कि नि त है ल"
    ),
}
ARABIC = {
    "ar": (
        "نسيت كلمة الواي فاي نكتة القطط اعراض الانفلونزا مرة ثانية وجع حلق عاصمة منغوليا اختصر اكمل كرر اقترح"
        " قارن حل ابحث انام اكل شرب شراء بيع طبخ يكلف تعلم عمل شعر قصيدة قصة وصفة كيكة الطقس سيارة شقة مريض يوجع"
        " خطأ غلط صحيح قائمة معنى باص بيض رسالة متى دقيقة وظيفة في من على إلى الى عن مع أن ان إن أو او هذا هذه هذي"
        " ذلك تلك هو هي هم أنا انا أنت انت نحن احنا ما ماذا أين اين وين كيف لماذا ليش ليه كم هل لا نعم لم لن ليس"
        " مو مش كان كانت يكون التي الذي الذين اللي كل بعض غير بين عند عندي بعد قبل ثم لكن بس إذا اذا لو حتى قد لقد"
        " يا ايش وش شو اش ممكن اريد أريد ابغى ابي عايز بدي اكتب اشرح ترجم لخص احسب اعطني عطني أعطني ساعدني قل قول"
        " وضح شكرا مرحبا السلام عليكم صباح الخير مساء اهلا أهلا اليوم غدا بكرة بكره امس أمس سنة يوم الفرق لي له"
        " لها لك لكم منه منها فيه فيها عليه عليها به بها هنا هناك الآن الان دلوقتي هلا جدا كثير كتير فقط جملة طيب"
        " زي مثل أي اي"
    ),
    "fa": (
        "رمز وای فای یادم رفت جوک درباره گربه علائم آنفولانزا بار دیگه گلودرد دارم پایتخت مغولستان کوتاه کوتاهش"
        " بلند ادامه تکرار پیشنهاد مقایسه حل پیدا خواب خوابم بخور بخرم فروش پختن زندگی یاد شعر داستان طرز تهیه کیک"
        " هوا ماشین خونه مریض درد غلط غلطه درست لیست یعنی اتوبوس تخم مرغ تهران کیلومتر رزومه برام بنویس چیکار است"
        " هست هستم نیست بود بودم باشه باشد شد شده میشه میشود می نمی که از به با در را رو برای تا یا اما ولی اگر"
        " اگه چون این آن اون اینو اونو من تو او ما شما آنها اونا چی چه چیست چیه چرا چطور چطوری چگونه کجا کجاست کی"
        " کدام کدوم چند چقدر چقد هم همه هر هیچ خیلی بیشتر کمتر بهتر یک یه دو سه چهار توضیح بده بدین بگو بگین ترجمه"
        " خلاصه حساب کن کنید کنم کنه کنی کرد کرده کردم کردن کمک لطفا ممنون مرسی سلام خوبی خسته نباشید صبح بخیر شب"
        " امروز فردا دیروز سال روز ماه هفته ساعت داره دارد دارند داشت میخوام میخواهم باید بتونم میتونی میتونم نکن"
        " نشه هاش های ها ای ام ات اش مون تون شون پس مثل فقط بعد قبل روی زیر توی داخل خوب بد دیگر حالا الان آیا"
        " خودم خودش مال پیش هستن کار چیزی بکن بکنم بشه بشم اومد تومن واسه نمیشه نمیاد میاد میکنه میکنم"
    ),
    "ur": (
        "وائی فائی پاسورڈ بھول گیا بلی لطیفہ بخار علامات ایک بار پھر گلے میں درد چھوٹا بڑا نیند سونا کھانا پینا"
        " خریدنا لکھنا نظم کہانی موسم بیمار فہرست دیر ملک درخواست غلط بنا نوکری مدد سمندر پاکستان سالگرہ مبارک خط"
        " چھٹی ہے ہیں ہوں ہو تھا تھی تھے ہوگا ہوگی ہوتا ہوتی ہوتے ہوا ہوئی ہوئے کیا کیوں کیسے کیسا کیسی کون کونسا"
        " کب کہاں کتنا کتنے کتنی کا کی کے کو سے پر تک نے مجھے میرا میری میرے ہم ہمیں ہمارا ہماری تم تو تمہیں آپ"
        " آپکا اپنا اپنی اپنے یہ وہ اس اُس اسے اور بھی ہی نہیں مت اگر لیکن مگر کیونکہ جو جب ابھی اب کل آج صبح شام"
        " رات سال مہینے گھنٹے بجے کر کرو کریں کرنا کرنے کرتا کرتی کیجیے بتاؤ بتائیں بتا لکھو لکھ لکھیں دو دیں دے"
        " دینا دیا لے لو جاؤ جا جانا جاتا جاتی گئی گئے رہا رہی رہے سکتا سکتی سکتے چاہیے چاہئے والا والی والے اچھا"
        " اچھی ٹھیک صحیح بہت تھوڑا زیادہ کم سب کچھ کوئی کسی ہر تین چار بھائی یار مطلب سمجھاؤ سمجھائیں دکھاؤ بناؤ"
        " السلام علیکم شکریہ ساتھ لیے لئے بعد پہلے بغیر درمیان جی ہاں ایسا اتنا یاد دلانا گھر کام پیسے ترجمہ خلاصہ"
        " حساب"
    ),
}
CYRILLIC = {
    "ru": (
        "забыл пароль вайфая анекдот про котов симптомы гриппа лимонный пирог ещё раз болит горло столица"
        " монголии половина короче сократи сократить удлини продолжи повтори придумай составь посоветуй сравни"
        " реши найди проверь спать есть пить купить продать варить стоит жить учить работать стих стихотворение"
        " сказка шутка рецепт торт погода машина квартира больной неправильно правильно список долго значит"
        " автобус помощь уснуть могу письмо яйца идет едет и в во не на я ты он она оно мы вы они с со что как это"
        " этот эта эти а но да нет то по к ко за из у от до для при без под над о об через между мне меня мной"
        " тебе тебя его её ее ему ей им их нам нас вам вас себя мой моя моё мое мои моего моей моему твой наш ваш"
        " свой который которая которое которые кто чего чему чем где куда откуда когда почему зачем сколько какой"
        " какая какое какие ли или если чтобы потому так же бы уже еще только тоже также очень больше меньше много"
        " мало всё все весь всего ничего что-то кто-то каждый другой был была было были быть будет будут можешь"
        " может можно надо нужно нужен хочу хочешь должен знаю знаешь сделай сделать напиши написать объясни"
        " переведи перескажи посчитай помоги скажи дай покажи исправь напомни привет здравствуйте здравствуй"
        " спасибо пожалуйста доброе утро добрый день вечер спокойной ночи хорошо лучше плохо сейчас сегодня завтра"
        " вчера год года лет дней неделя месяц часов два две три четыре разница всегда никогда здесь там потом"
        " дома муж жена ребенок дети сын дочь мама папа собака кот текст предложение слов коротко этом этого этой"
        " тот того том чё щас норм ну вот"
    ),
    "uk": (
        "забув пароль від вайфаю анекдот про котів симптоми грипу лимонний пиріг раз болить горло столиця"
        " монголії коротше скороти скоротити подовж продовж повтори вигадай склади порадь порівняй розв'яжи знайди"
        " спати їсти пити купити продати варити коштує жити вчити працювати вірш казка жарт рецепт торт погода"
        " машина квартира хворий неправильно правильно список довго означає автобус допомогу заснути лист яйця їде"
        " і й в у не на я ти він вона воно ми ви вони з із зі що як це цей ця ці а але та так ні то по до за для"
        " при без під над через між мені мене мною тобі тебе його її йому їй їм їх нам нас вам вас себе мій моя"
        " моє мої мого моєї твій наш ваш свій який яка яке які хто чого чому чим де куди звідки коли навіщо"
        " скільки чи або якщо щоб бо тому також теж же би б вже ще тільки лише дуже більше менше багато мало все"
        " всі весь всього нічого щось хтось кожен інший є був була було були бути буде будуть можу можеш може"
        " можна треба потрібно хочу хочеш маю має знаю знаєш зроби зробити напиши написати поясни переклади"
        " перекажи порахуй допоможи скажи дай покажи виправ перевір нагадай привіт вітаю дякую дякс будь ласка"
        " добрий ранок день вечір добраніч добре краще погано зараз сьогодні завтра вчора рік роки років днів"
        " тиждень місяць годин два дві три чотири різниця завжди ніколи тут там потім ніж вдома чоловік дружина"
        " дитина діти син донька мама тато собака кіт текст речення слів коротко цьому цього цієї той того тій грн"
        " ось"
    ),
    "bg": (
        "забравих паролата виц котки симптоми грип лимонов кекс още веднъж боли гърлото столицата монголия"
        " съкрати съкратя продължи повтори измисли състави препоръчай сравни реши намери спя ям пия купя продам"
        " варя струва живея уча работя стихотворение приказка рецепта торта времето кола апартамент болен грешно"
        " вярно списък дълго значи автобус помощта заспя писмо яйце отива текста и в във не на аз ти той тя то ние"
        " вие те с със че какво как това този тази тези а но да е са съм си сме сте беше бяха бил била било бъде"
        " ще няма по към за от до при без под над през между ми ме мен теб го него я нея им ги ни нас ви вас се"
        " мой моя моят моята моето мое мои твой твоя наш ваш свой който която което които кой коя кое кои къде"
        " кога защо колко какъв каква какви дали ли или ако защото така вече само също много повече по-малко малко"
        " всичко всички нищо нещо някой всеки друг има имам имаш имаме нямам мога можеш може искам искаш трябва"
        " знам знаеш направи напиши обясни преведи обобщи сметни изчисли помогни кажи дай покажи поправи провери"
        " напомни здравей здрасти здравейте благодаря мерси моля добро утро добър ден вечер лека нощ добре"
        " по-добре сега днес утре вчера година години дни седмица месец часа две три четири разлика разликата"
        " винаги никога тук там после отколкото като вкъщи мъж жена дете деца син дъщеря мама татко куче котка"
        " текст изречение думи кратко ама баси един една едно лв лева ей де май някакъв стане"
    ),
    "sr": (
        "скрати настави понови измисли састави препоручи упореди реши пронађи спавати јести пити купити продати"
        " кувати кошта живети учити радити песма песму прича шала рецепт торта време ауто стан болестан боли"
        " нетачно тачно списак дуго значи аутобус помоћ писмо јаје иде новом саду и у на с са из до од по за о к"
        " ка код без према кроз међу између пред над под не да је су сам си смо сте био била било били бити ће ћу"
        " ћеш ћемо ја ти он она оно ми ви они ме мене мени те тебе га њега јој им их нам нас вам вас се себе мој"
        " моја моје мог твој свој овај ова ово тај та то који која које шта ко чега како какав каква колика колики"
        " где када кад зашто колико ли јер али или него ако већ још само такође врло јако више мање пуно много"
        " мало све сви ништа нешто неко сваки други имам имаш има немам нема могу можеш може бих би желим хоћу"
        " треба морам знам знаш направи напиши објасни преведи сажми израчунај помози реци дај покажи исправи"
        " провери подсети здраво ћао поздрав добар дан хвала молим лаку ноћ добро боље сада данас сутра јуче"
        " година године дана сати два две три четири разлика увек никад овде тамо онда као кући муж жена дете деца"
        " син ћерка мама тата"
    ),
}

# Endings of two or three letters, of words that no list has: those of nouns and verbs in one language and few others.
ENDINGS = {
    "en": "ing ght ion ful ess ble ous ity ers ted ely dge tch ogy ism ist ith ock ack ash",
    "de": "ung ich eit aft tzt cht sch ern lig nen ßen eln ige ßer hre",
    "fr": "eur eux ais ait tés ées ère ois ons eau ête aux que ier oir",
    "es": "ión dad ado ida ido ndo aba mos ito ita cía ñas ños ico ica rme",
    "pt": "ção ade ões ado ida ido ndo ava mos nho nha ias gem ão ico ica rei",
    "it": "one zia ità ato ita ito ndo ava amo tto ggi sso ulo cci tti lla nte mmi rmi zzo ico ica",
    "nl": "ijk eid jes tje gen den ijn ijd cht ken ing rij eel oon aan",
    "pl": "ość nie wać ego ych ski cie iej ący ają isz ów iem czy owe owy mnę",
    "cs": "ost ání ení ého ých ský ěte ouž ích ové ují ská ách nou lní ete",
    "sk": "osť nie ého ých ský ite ové ujú ať iť ská ách ova ete iam",
    "hr": "ije ost nje aju iti ati ski ima ama jem jeg jet oga",
    "sr": "ost nje aju iti ati ski ima ama oga ila eti",
    "sv": "ade lig ska igt ckt het tet nde rna ar",
    "da": "ede lig ske hed ion gt nde rne et",
    "no": "ene lig ske het tte ert lse tta nde nda ola eta kka et",
    "fi": "ssa ssä lla llä sta stä lta ltä lle nen ksi vat vät taa tää iin een aan ään sti",
    "ro": "lui ţie ție lor ște ază iei esc eze aţi ați rea tre ții",
    "hu": "nak nek ban ben bak bek ság ség tól től ból ből hoz hez ról ről val vel ják ján ott tam tem ni",
    "ca": "ció tat ant eix ets ava ats ada tza oll cia",
    "tr": "lar ler yor dır dir mek mak ası esi nın nin dan den lık lik ını ini cak cek rım dum lan",
    "id": "kan nya gan asi lah pun aan",
    "sw": "sha ika ana wa eni ini aji oni",
    "tl": "hin ang ong han",
    "hi": "lna rna kna tna hna dna nga ngi nge kar iye ों ें ीं ता ते ती ना ने गा गी",
    "mr": (
        "cha chi che yla tos tes ाची ाचे ाचा ाचं ीची ीचे ीचा ीचं यचं यचे यची यला ंनी ंना ंचे ंची ंचा ंचं ्या तील"
        " तात ताय तोय तेय ांत ात चं लं णं तं कं ळं डं रं टं पं सं ळा ळे ळी ाने ीने णे ेलं ेले ेली"
    ),
    "ne": "cha chu eko era nus deu को मा ले लाई हरू रू नु ेर एको छन् िनु ँदा ुन् ्छ ्छु ्यो ाउँ ुस्",
    "ru": "ть ся ый ий ая ое ые ого его ешь ишь ция",
    "uk": "ти ся ий ої ого ій ції ння ють",
    "bg": "ът ят та то те не ам ция ост ият ите ата ето",
    "ta": "nga kku num kum ala lla chu ren pan ven nnu thu",
    "te": "ndi nav nnu adu ali tla ava ane ayi oku",
    "kn": "tte ide odu eku ini iya lla the kke dri thu bek aga",
    "ml": "nnu nne kku thu yum aan ath nam lla ano kum alo unn",
    "si": "nna nne nwa ada awa ata ala ewa",
    "bn": "che bo ben lam chi iye",
    "gu": "avu vti vto che she",
}

# Letters with marks, and letters of one language of a script, speak for it when its words are few.
LETTERS = {
    "de": "äöüß",
    "fr": "àâçèêëîïôùûœ",
    "es": "ñ¿¡áíóú",
    "pt": "ãõáâçêéíóú",
    "it": "àèìòù",
    "tr": "ğışçöü",
    "pl": "ąćęłńśźżó",
    "cs": "ěřůáčďéíňóšťúýž",
    "sk": "ľĺŕôäáčďéíňóšťúýž",
    "hr": "čćđšž",
    "sr": "čćđšžђјљњћџ",
    "sv": "åäö",
    "da": "æøå",
    "no": "æøå",
    "fi": "äö",
    "ro": "ăâîșțşţ",
    "hu": "őűáéíóöúü",
    "ca": "çàèòïü·",
    "vi": "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹàáèéìíòóùúýãõĩũ",
    "uk": "іїєґ",
    "ru": "ыэё",
    "bg": "ъ",
    "ur": "ٹڈڑںےہھگچپ",
    "fa": "پچژگ",
    "ar": "ةىيكأإؤئ",
    "mr": "ळ",
    "hi": "\u095b\u095c\u095d\u093c",
}
