"""The words that tell what a message asks for, as tables; nothing here decides anything.

Terms are separated by commas and matched as whole words, in lower case, with hyphens read as spaces. The figures are
weights: a category needs more than the prior of a plain question to win.
"""

from __future__ import annotations

import re

from routing.types import ModelCapability, TaskCategory

# Python's \w leaves out the vowel signs of Indic scripts and of Thai: without them their words would be cut apart.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e"
_WORD = re.compile(rf"[\w{_MARKS}]+(?:['+#]+[\w{_MARKS}]*)?")


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case, as the tables here spell them."""
    return _WORD.findall(text.lower().replace("’", "'"))


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def _terms(listed: str) -> tuple[str, ...]:
    return tuple(term.strip() for term in listed.split(",") if term.strip())


REQUIRED_CAPABILITIES = {
    TaskCategory.GREETING: frozenset({ModelCapability.GENERAL}),
    TaskCategory.QUESTION: frozenset({ModelCapability.GENERAL}),
    TaskCategory.CREATIVE: frozenset({ModelCapability.GENERAL}),
    TaskCategory.CODE: frozenset({ModelCapability.CODE, ModelCapability.GENERAL}),
    TaskCategory.MATH: frozenset({ModelCapability.MATH, ModelCapability.GENERAL}),
    TaskCategory.REASONING: frozenset({ModelCapability.REASONING, ModelCapability.GENERAL}),
    TaskCategory.ANALYSIS: frozenset({ModelCapability.REASONING, ModelCapability.GENERAL}),
    TaskCategory.TOOL_USE: frozenset({ModelCapability.FUNCTION_CALLING, ModelCapability.GENERAL}),
}

# How critical it is that a task of this kind is done well.
CRITICALITY = {
    "security": 1.0,
    "compliance": 1.0,
    "audit": 1.0,
    "legal": 0.9,
    "medical": 0.9,
    "financial": 0.9,
    "code": 0.65,
    "reasoning": 0.65,
    "analysis": 0.65,
    "math": 0.5,
    "function": 0.5,
    "vision": 0.4,
    "general": 0.1,
}

# Where a message stands when no word tells.
QUESTION_PRIOR = 1.5

# What the message is about: weights by category.
TOPICS = {
    TaskCategory.CODE: {
        3.0: _terms(
            "traceback, last commit, undo commit, git, vba, npm err, big o, runtime complexity, css selector, html"
            " page, html form, arduino, raspberry pi code, merge sort, bubble sort, binary search, data structure,"
            " data structures, dependency injection, for loop, while loop, if statement, null check, environment"
            " variable, ssh key, python list, python dict, json file, csv file in, read a csv, parse json, write a"
            " program, write code, google sheets formula, excel formula, regular expression, stack trace, stacktrace,"
            " segfault, segmentation fault, nullpointerexception, typeerror, keyerror, valueerror, syntaxerror,"
            " attributeerror, importerror, indexerror, syntax error, compile error, compiler error, runtime error, npm"
            " install, pip install, git commit, git rebase, git merge, git push, pull request, unit test, unit tests,"
            " pytest, regex, regexp, leetcode, source code, code review, code snippet, my code, this code, the code,"
            " dockerfile, docker compose, makefile, webpack, sql query, bash script, shell script, python script,"
            " python code, javascript code, java code, memory leak, null pointer, off by one, stack overflow error,"
            " merge conflict, type hints, list comprehension, linked list, binary tree, hash map, hashmap, rest api,"
            " graphql, api endpoint, crud, web scraper, telegram bot, discord bot, python function, javascript"
            " function, python program, django, flask, fastapi, pandas, numpy, kubectl, systemd unit, cron job,"
            " crontab, async await, useeffect, usestate, foreign key, left join, inner join, codigo python, function"
            " that, function to, script that, script to, program that, program to, class that, method that, query"
            " that, app that, in python, in rust, in golang, in javascript, in typescript, in c++, in c#, in kotlin,"
            " in php, in bash, in sql, in haskell, with python, with javascript, using python, using javascript,"
            " center a div, codebase, refactoring, unhandled exception, undefined is not, cannot read property,"
            " modulenotfounderror"
        ),
        2.0: _terms(
            "code, coding, debug, debugging, refactor, function, functions, script, algorithm, compile, compiler,"
            " javascript, typescript, golang, c++, c#, sql, html, css, json, yaml, xml, api, apis, endpoint, backend,"
            " frontend, docker, kubernetes, git, github, npm, pip, react, vue, angular, nodejs, node js, linux, bash,"
            " powershell, exception, variable, variables, recursion, recursive, boolean, parser, async, await, mutex,"
            " thread, threads, deadlock, database, postgres, postgresql, mysql, sqlite, redis, mongodb, dataframe,"
            " struct, pointer, lambda, decorator, iterator, goroutine, localhost, webhook, oauth, jwt, loop, array,"
            " arrays, login page, landing page, website, web page, webpage, cli, sdk, ide, vim, vscode, xcode, latex,"
            " código, codigo, función, funcion, fonction, funktion, programm, funzione, codice, função, funcao,"
            " функция, функцию, код, скрипт, fonksiyon, kod, kodu, funkcja, funkcję, functie, दफ़ा, कोड, फंक्शन,"
            " फ़ंक्शन, प्रोग्राम, குறியீடு, నిరల్, కోడ్, ಕೋಡ್, കോഡ്, কোড, કોડ, ਕੋਡ, كود, برنامج, دالة"
        ),
        1.2: _terms(
            "python, java, rust, ruby, swift, kotlin, php, scala, perl, haskell, program, programming, class, method,"
            " query, bug, error, server, app, library, framework, string, strings, integer, list, sort, install,"
            " fibonacci, compile, deploy, module, in java, in swift, in ruby, my api, my app, my server, my website,"
            " my component, package, terminal, excel formula, formula, macro, spreadsheet"
        ),
    },
    TaskCategory.MATH: {
        3.0: _terms(
            "equation, how many ways, in how many ways, percent off, volume of a, surface area, dot product, cross"
            " product, numerator, denominator, least squares, to decimal, to a fraction, to binary, in binary, modulo,"
            " monthly payment, vat, annual interest, equations, integral, derivative, differentiate, integrate,"
            " factorial, square root, cube root, quadratic, polynomial, matrix, determinant, eigenvalue, eigenvalues,"
            " logarithm, trigonometry, hypotenuse, compound interest, simple interest, standard deviation, prime"
            " factors, prime factorization, permutations, combinations, probability, percent of, greatest common"
            " divisor, gcd, lcm, least common multiple, arithmetic sequence, geometric series, area of, volume of,"
            " perimeter, circumference, solve for, simplify the expression, times table, divided by, multiplied by,"
            " how much is, per cent of, factorise, factorize, gleichung, ecuación, ecuacion, équation, equazione,"
            " equação, уравнение, समीकरण, denklem, równanie, vergelijking"
        ),
        2.0: _terms(
            "calculate, compute, percentage, percent, sum of, multiply, divide, subtract, algebra, calculus,"
            " geometry, arithmetic, fraction, fractions, decimal, modulo, remainder, average of, mean of, median, sin,"
            " cos, tan, sqrt, log, plus, minus, times, squared, cubed, prime number, prime numbers, radius, diameter,"
            " triangle, mortgage payment, berechne, calcula, calcular, calcule, calculer, calcola, bereken, вычисли,"
            " посчитай, hesapla, oblicz, wieviel ist, wie viel ist, cuánto es, cuanto es, combien font, quanto fa,"
            " сколько будет, कितना, प्रतिशत, గణించు, கணக்கிடு, গণনা, احسب"
        ),
        1.0: _terms(
            "maths, math, mathematics, number, numbers, total, theorem, value of, interest rate, discount, profit,"
            " tip, mph, km per hour, how many, how much, convert"
        ),
    },
    TaskCategory.REASONING: {
        3.0: _terms(
            "prove, proof, explain the logic, explain your reasoning, if and only if, by induction, by contradiction,"
            " must be true, cannot both, which of them, who stole, liar, truth teller, truth tellers, optimal"
            " strategy, what should i do, is it better to, does it make sense, why do people, prove that, if all,"
            " argument valid, valid argument, puzzle, riddle, logic puzzle, brain teaser, brainteaser, knights and"
            " knaves, syllogism, deduce, who is lying, think step by step, reason step by step, step by step"
            " reasoning, paradox, trolley problem, thought experiment, counterfactual, what would happen if, what if,"
            " follows that, necessarily true, logically, contradiction, root cause, clues, clue s, beweise, demuestra,"
            " démontre, dimostra, prouve, докажи, सिद्ध, kanıtla, udowodnij, bewijs, what am i, river crossing, monty"
            " hall"
        ),
        2.0: _terms(
            "infer, inference, deduction, logic, reasoning, hypothesis, fallacy, why does, why do, why is, why are,"
            " why did, why would, why can't, why doesn't, why isn't, why wouldn't, how come, step by step, should i,"
            " figure out, decide, warum, pourquoi, por qué, perché, perche, waarom, почему, neden, dlaczego, क्यों,"
            " ஏன், ఎందుకు, কেন, का बरं, કેમ, ಯಾಕೆ, എന്തുകൊണ്ട്, ਕਿਉਂ, لماذا"
        ),
        -2.5: _terms("why is my, why does my, why isn't my, why doesn't my, why won't my, why are my"),
        1.0: _terms("why, reason, cause, causes, strategy, plan, dilemma, assume, suppose, therefore, implies"),
    },
    TaskCategory.TOOL_USE: {
        3.5: _terms(
            "remind me, wake me, wake me up, shopping list, todo list, to do list, to my calendar, rain tomorrow,"
            " rain today, gonna rain, going to rain, gonna snow, dollar to rupee, rate today, prices today, price"
            " today, price of gold, win yesterday, win last night, win today, won the match, match today, score today,"
            " open now near me, call me a, order a pizza, order pizza, text my, post this to, upload this, translate"
            " this file, read this file, look up the, search for flights, find flights, flights to, hotels in,"
            " temperature outside, temperature in, hows the weather, traffic now, stock market today, what happened"
            " today, latest version of, latest score, look online, set a reminder, set an alarm, set a timer, search"
            " the web, search online, search the internet, google for, google it, look it up online, browse the web,"
            " browse to, open the website, open the file, read the file, list the files, list files, delete the file,"
            " save this to, save it to a file, download the, download this, send an email, send a message to, send"
            " email, book a flight, book a table, book me, order me, run the command, run ls, execute the command, run"
            " this command, check my email, check my calendar, add to my calendar, schedule a meeting, play music,"
            " turn on the, turn off the, weather in, weather today, weather tomorrow, weather tmrw, weather like,"
            " weather forecast, weather for, weather now, weather this, the weather, latest news, news today, today's"
            " news, news about, breaking news, current price, stock price, share price, price of bitcoin, bitcoin"
            " price, exchange rate, price right now, live score, score of the, current score, who won the game, who"
            " won yesterday, who won last night, right now in, is it raining, will it rain, erinnere mich, recuérdame,"
            " recuerdame, rappelle moi, ricordami, lembre me, напомни, wetter in, das wetter, clima en, el clima,"
            " météo, meteo, погода, hava durumu, मौसम, যাद दिलाना, याद दिलाना, याद दिला, वातावरण कसे, வானிலை,"
            " వాతావరణం, আবহাওয়া, traffic on, flight status, track my package"
        ),
        1.5: _terms(
            "news, latest, currently, weather, last night, right now, website for me, up to date, real time,  stock,"
            " bitcoin, headlines, today's, tonight's, nearby, near me, open now"
        ),
    },
    TaskCategory.CREATIVE: {
        3.5: _terms(
            "poem, names for a, more professional, more formal, more polite, more casual, sound more, sound less,"
            " make it sound, make this sound, reword, roast me, make up a, bio, pick up line, thank you note,"
            " invitation, wedding vows, eulogy, motto, catchphrase, nickname, nicknames, wish for, status for,"
            " whatsapp status, funny status, meme, parody, comic, villain, plot for, outline for a novel, social media"
            " post, newsletter, press release, hook for, title for, titles for, subject line, poems, haiku, limerick,"
            " sonnet, short story, a story, bedtime story, fairy tale, song, lyrics, rap, slogan, slogans, tagline,"
            " taglines, screenplay, fan fiction, fanfic, novel, fiction, role play, roleplay, pretend you are, pretend"
            " to be, act as, imagine you are, birthday wish, birthday message, love letter, wedding speech, toast for,"
            " cover letter, joke, jokes, pun, puns, ballad, monologue, dialogue between, name ideas, names for my,"
            " name for my, come up with, brainstorm, blog post, instagram caption, caption for, caption, tweet about,"
            " linkedin post, ad copy, product description, character backstory, plot twist, gedicht, geschichte über,"
            " eine geschichte, witz, poema, cuento, chiste, poème, histoire drôle, blague, une histoire, poesia,"
            " barzelletta, storia su, uma história, piada, gedichtje, verhaal, mop, стих, стихотворение, анекдот,"
            " сказку, şiir, fıkra, hikaye, wiersz, żart, opowiadanie, कविता, कहानी, चुटकुला, गोष्ट, கவிதை, கதை, కవిత,"
            " కథ, কবিতা, গল্প, કવિતા, વાર્તા, ಕವಿತೆ, ಕಥೆ, കവിത, കഥ, ਕਵਿਤਾ, ਕਹਾਣੀ, قصيدة, قصة, نكتة"
        ),
        2.0: _terms(
            "story, creative, rhyme, rhymes, verse, character, dialogue, speech, essay, letter, email to, invent,"
            " imagine, tale, scene, script for a play, rewrite, rephrase, paraphrase, make it funnier, funny, toast,"
            " headline"
        ),
        1.0: _terms("write, compose, draft, wish, message for, birthday, wedding, romantic, dragon, princess, wizard"),
    },
    TaskCategory.ANALYSIS: {
        3.0: _terms(
            "pros and cons, advantages of, disadvantages of, benefits of, drawbacks of, downsides of, risks of, pros,"
            " cons, vs, shorten this, in a nutshell, key ideas, main idea, main ideas, main argument, themes of, theme"
            " of, what do you think of my, rate my, check my grammar, grammar check, swot, root causes of, how does"
            " this compare, bullet points, extract the, summarise this, summarize this, interpret this, explain this"
            " chart, advantages and disadvantages, compare, comparison, summarize, summarise, summary, tl dr, tldr,"
            " analyze, analyse, analysis, evaluate, critique, review this, review my, strengths and weaknesses, swot,"
            " difference between, differences between, versus, trade offs, tradeoffs, key points, main points, key"
            " takeaways, takeaways, implications of, assess, sentiment, feedback on, which is better, proofread,"
            " zusammenfassung, fasse, vergleiche, resume este, resumen, compara, résume, résumé de, compare les,"
            " riassumi, confronta, resuma, samenvatten, vat samen, сравни, проанализируй, özetle, karşılaştır,"
            " podsumuj, porównaj, सारांश, तुलना, சுருக்கம், సారాంశం, সারসংক্ষেপ, سارांश, قارن, لخص"
        ),
        2.0: _terms(
            "review, better than, best option, interpret, classify, categorize, extract, benchmark, audit, risk,"
            " risks, impact of, effects of, trend, trends, report, examine, investigate, opinion on, recommendation,"
            " recommend"
        ),
        1.0: _terms("better, security, market, strategy, article, paragraph, evidence, data, survey, difference"),
    },
    TaskCategory.QUESTION: {
        0.5: _terms(
            "what is, what's, whats, what are, who, when, where, which, recipe, example, examples, tips, advice"
        ),
        1.5: _terms(
            "who is, who was, who's, when was, when did, when is, where is, define, meaning of, definition of, what"
            " does, tell me about, capital of, explain, describe, history of, how does, how do, what do you, how to"
            " say, translate, was ist, wer ist, qué es, que es, quién es, qu'est, c'est quoi, che cos'è, cos'è, o que"
            " é, wat is, что такое, кто такой, nedir, co to jest, kim jest, क्या है, कौन है, काय आहे, என்ன, ఏమిటి, কি,"
            " કોણ, ಏನು, എന്താണ്, ਕੀ, ما هو, ما هي, كيف"
        ),
    },
}

# What the first word of a request, politeness left aside, says beyond being there.
OPENERS = {
    TaskCategory.CODE: {
        2.0: _terms("debug, refactor, implement, code, program, compile, fix, deploy, optimize, optimise, programma"),
        0.7: _terms(
            "write, create, build, make, schreibe, schreib, escribe, écris, scrivi, escreva, напиши, yaz, napisz"
        ),
    },
    TaskCategory.MATH: {
        2.0: _terms(
            "calculate, compute, solve, integrate, differentiate, simplify, factor, evaluate, convert, add, löse"
        ),
    },
    TaskCategory.REASONING: {2.0: _terms("prove, deduce, why, reason, suppose, warum, pourquoi")},
    TaskCategory.CREATIVE: {
        2.0: _terms("name, names, rewrite, reword, rephrase, roast"),
        1.0: _terms("write, compose, invent, imagine, draft, create, pretend, brainstorm, schreibe, escribe"),
    },
    TaskCategory.ANALYSIS: {
        2.5: _terms(
            "summarize, summarise, compare, analyze, analyse, review, evaluate, critique, assess, classify, proofread"
        ),
    },
    TaskCategory.QUESTION: {
        2.5: _terms("who, when, where, which, whose, whom"),
        1.0: _terms("what, what's, whats, define, explain, describe, translate, is, are, does, did"),
    },
    TaskCategory.TOOL_USE: {
        3.0: _terms("remind, google, browse, download, ping, curl, ls"),
    },
}

# With these as its first word, a message of a few words asks what something is.
DEFINING = _words("what what's whats define who who's was qué que qu'est wat cos'è")
DEFINITION_WORDS = 5
DEFINITION_WEIGHT = 1.5

# Words that stand before the request itself.
FILLERS = _words(
    "please pls plz plss kindly can could would will you u ya i we want need wanna like to hey hi hello help me us"
    " just so ok okay now then also and lets let's let yo bro dude sir bitte kannst du könntest por favor puedes peux"
    " tu s'il te plaît plait puoi per favore você pode пожалуйста quick quickly question id i'd love have got a an the"
    " my im i'm trying are able"
)

# Words that begin a message which goes on with the one before, and what may be the whole of such a message.
CONTINUATIONS = _words(
    "and also continue more again go next shorter longer simpler better instead now but or yes yeah yep no nope sure"
    " ok okay same then retry redo same try und auch weiter y también et aussi и а ещё और"
)
CONTINUING_PHRASES = frozenset({("what", "about"), ("how", "about"), ("why", "not"), ("what", "else")})
CONTINUING_REPLIES = _words("why how where when who which what else another warum wieso pourquoi porque почему क्यों")

# Words that point at what was said or shown before.
DEICTICS = _words(
    "it this that these those they them he she him her its above previous earlier last same picture photo image"
)

# What makes a task demanding: added up and held in [0, 1].
DEMAND = {
    0.5: _terms(
        "in detail, detailed, in depth, comprehensive, thorough, thoroughly, security, compliance, from scratch,"
        " production ready, distributed, fault tolerant, ausführlich, en detalle, detalladamente, en détail, in"
        " dettaglio, em detalhe, em detalhes, подробно, विस्तार से, ayrıntılı, szczegółowo, uitgebreid, prove, proof"
    ),
    0.4: _terms(
        "architecture, zero trust, step by step, design, algorithm, optimize, optimise, optimization, concurrency,"
        " concurrent, scalable, scalability, thread safe, trade offs, tradeoffs, implement, implementation, analysis,"
        " analyze, analyse, evaluate, vulnerability, vulnerabilities, threat model, migrate, migration, refactor,"
        " complexity, time complexity, asynchronous, multithreaded, essay, business plan, research, in full"
    ),
    0.3: _terms(
        "with examples, examples, quantum, compare, comparison, pros and cons, implications, function, class, api,"
        " app, application, calculate, tests, unit tests, edge cases, derive, derivation, strategy, full, complete,"
        " entire, system, database, machine learning, neural network, deep learning, why, reasoning, proof, theorem,"
        " integral, equation, differential, funktion, función, fonction, funzione, função, функцию"
    ),
    0.15: _terms(
        "explain, describe, program, script, code, write, create, build, summarize, summarise, debug, solve,"
        " fibonacci, multiple, each, plan, story, report, article, review, critique"
    ),
    -0.3: _terms(
        "briefly, brief, one sentence, single sentence, one word, one line, in short, tl dr, tldr, quick, quickly,"
        " yes or no, short answer, keep it short, eli5, kurz, brevemente, brièvement, кратко, kısaca, krótko, संक्षेप"
        " में"
    ),
    -0.15: _terms("short, simple, simply, basic, easy, hello world"),
}

# Words that say nothing about how rich a vocabulary is.
PLAIN_WORDS = _words(
    "a an the and or but if of to in on at by for with from as is are was were be been do does did how what why when"
    " where who which that this these those it its i me my you your we us our they them he she his her not no so can"
    " could would will should about into than then there here please"
)

# Domains where a wrong answer does harm; each has its figure in CRITICALITY.
CRITICAL_WORDS = frozenset({"security", "compliance", "audit", "legal", "medical", "financial"})

# Terms of languages that put no spaces around words, or hang particles on them, found anywhere in a text.
UNSPACED_LANGUAGES = frozenset({"zh", "ja", "ko", "th"})
UNSPACED_TERMS = tuple(
    (term, category, weight)
    for category, weight, listed in (
        (
            TaskCategory.CODE,
            3.0,
            "代码, 函数, 编程, 程序, 脚本, コード, 関数, プログラム, 코드, 함수, 프로그램, 스크립트, โค้ด, ฟังก์ชัน",
        ),
        (TaskCategory.CODE, 3.0, "スクリプト"),
        (TaskCategory.MATH, 3.0, "计算, 方程, 等于多少, 計算, 方程式, 계산, 방정식, คำนวณ, สมการ"),
        (TaskCategory.REASONING, 3.0, "为什么, 證明, 证明, 推理, なぜ, どうして, 証明, 왜, 증명, ทำไม"),
        (
            TaskCategory.CREATIVE,
            3.5,
            "写一首, 诗, 故事, 笑话, 詩, 物語, ジョーク, 俳句, 시를, 이야기, 농담, กลอน, นิทาน",
        ),
        (TaskCategory.ANALYSIS, 3.0, "比较, 总结, 分析, 优缺点, 比較, 要約, 비교, 요약, 분석, 장단점, สรุป, เปรียบเทียบ"),
        (TaskCategory.TOOL_USE, 3.5, "天气, 提醒我, 天気, リマインド, 날씨, 알림, อากาศ"),
        (TaskCategory.QUESTION, 1.5, "什么是, 是什么, とは, 무엇, คืออะไร"),
    )
    for term in _terms(listed)
)
