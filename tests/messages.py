"""Messages as people send them, each with the category a person gave it before the classifier saw it."""

from __future__ import annotations

from routing.types import TaskCategory

LABELLED = {
    TaskCategory.GREETING: """
buenas noches
thx bro
good evening everyone
heyyy
hi
Hi!
hey there
helo
yo
good morning 🌞
thanks!
thank you so much
ok thanks bye
hey how are you doing
hola, qué tal?
Bonjour
guten Morgen
नमस्ते
வணக்கம்
你好
merhaba nasılsın
good night
""",
    TaskCategory.QUESTION: """
how come the moon doesnt fall down
why did my sourdough not rise
why do we dream
why is the sky blue
why does ice float on water
why do cats purr
Warum ist der Himmel blau?
pourquoi le ciel est bleu
आसमान नीला क्यों है
为什么天空是蓝色的
why did rome fall
what's the difference between a virus and bacteria
difference in age between obama and trump
wer hat faust geschrieben
what vitamin is in oranges
how does wifi work
translate 'where is the library' to german
explain inflation to a 5 year old
how many calories in an apple
what do pandas eat
how to tie a tie
is it safe to eat raw eggs
when is mothers day
what's the best way to cook rice
who wrote harry potter
how long do cats live
whats the diameter of the sun
What is Python?
what is the capital of France
whats the tallest mountain
who won the world cup in 1998
how many stars are in the sky
When did WW2 end?
what does "ubiquitous" mean
tell me about the roman empire
Explain quantum computing in detail with examples
how do magnets work
how do I boil an egg
recipe for banana bread
is a tomato a fruit
can dogs eat chocolate
translate good morning to spanish
how do you say thank you in japanese
what's a good book on stars
difficult day today
who is the president of brazil
where is the latest star wars movie set
what language do they speak in Java, Indonesia
is rust on my car dangerous
what is a function of the liver
Was ist Photosynthese?
¿Qué es la fotosíntesis?
भारत की राजधानी क्या है
qu'est-ce que la photosynthèse
что такое чёрная дыра
what snake is bigger, python or anaconda
what time zone is Ohio in
how tall is the eiffel tower
define entropy
photosynthesis
how old is the universe
""",
    TaskCategory.CODE: """
explain recursion with code
npm ERR! peer dep missing
can u debug my code
vba macro to delete empty rows
create a discord bot that plays music
what is the big o of this: for i in range(n): for j in range(n)
sort array of objects by date js
how to undo last commit
write a c program to check prime
make me a website for my bakery in html
whats wrong with this: print("hi"
ImportError no module named requests
how do i read a csv in pandas
my for loop wont stop
Write a function to calculate fibonacci numbers
wrtie a pyhton fucntion to reverse a string
how do i center a div
fix this: for i in rang(10) print(i)
my react component re-renders forever, why
TypeError: 'NoneType' object is not subscriptable
```python\\nx = [1,2\\nprint(x)\\n```
sql query to get the second highest salary
regex for email validation
undefined is not a function
how to merge two dicts in python
git rebase vs merge
segfault when i free the pointer twice
explain this code: def f(x): return x**2
convert this javascript to typescript
bash script to rename all files in a folder
make a snake game in javascript
implement quicksort in rust
docker container exits immediately with code 1
write unit tests for my login endpoint
css flexbox not working
refactor this class to use dependency injection
why is my api returning 500
what does async await do in js
escribe una función en python que sume dos números
schreib mir ein python skript das dateien umbenennt
напиши функцию на python
पायथन में एक फंक्शन लिखो
写一个函数计算斐波那契数列
postgres query is slow how to add index
Traceback (most recent call last): File "a.py", line 3
how to install numpy on mac
dockerfile for a flask app pls
create a rest api with fastapi
""",
    TaskCategory.MATH: """
prove by induction that 1+2+...+n = n(n+1)/2
a bat and a ball cost 1.10 together, the bat costs 1 more than the ball. how much is the ball
prove that sqrt(2) is irrational
gcd of 48 and 18
a shirt costs 40 dollars and is 25% off, what do i pay
whats the volume of a sphere with radius 3
find the derivative of x^3
convert 3/8 to decimal
how many ways to arrange 5 books
if i save 200 a month at 4% how much after 10 years
solve 2x + 5 = 15
whats 9 x 7
35 percent of 240
2+2
what is 15% of 80
12*(3+4)
solve x^2 + 3x - 4 = 0
whats the square root of 144
integrate x^2 from 0 to 3
calculate the area of a circle with radius 5
calulate 23 times 19
derivative of sin(x)
If a train travels 60 miles in 1.5 hours how fast is it going?
Tom has 5 apples and buys 7 more, then gives 3 away. How many does he have left?
probability of rolling two sixes
what is 7 squared plus 3
compound interest on 1000 at 5% for 3 years
3/4 + 1/8
how much is 19% VAT on 250 euros
combien font 12 fois 8
wieviel ist 17 mal 23
сколько будет 25 * 4
100 का 15 प्रतिशत कितना है
average of 4, 8, 15, 16, 23, 42
simplify (2x+4)/2
sum of first 100 natural numbers
log base 2 of 1024
""",
    TaskCategory.REASONING: """
should i buy or rent a house
what if the earth stopped spinning
solve this riddle: the more you take the more you leave behind
i have 2 kids one is a boy, chance the other is a boy too? explain the logic
If all bloops are razzies and all razzies are lazzies, are all bloops lazzies?
riddle: what has keys but can't open locks
three switches one light bulb puzzle how do i find which one
should i take the job in berlin or stay here
what would happen if the moon disappeared
a man lies every tuesday, today he says i lied yesterday. what day is it? logic puzzle
think step by step: who is taller if Ann > Bob and Bob > Cy
monty hall problem should i switch
what if humans never discovered fire
is this argument valid: all men are mortal, socrates is a man, therefore socrates is mortal
""",
    TaskCategory.TOOL_USE: """
did arsenal win yesterday
remind me tomorow to pay rent
dollar to rupee rate today
check this link https://foo.bar/x
what's in the news today
add milk to my shopping list
wake me up at 7
google best pizza near me
current price of gold
is it gonna rain tomorrow
what's the weather in berlin
weather tmrw?
remind me to call mom at 5pm
search the web for cheap flights to rome
latest news about the election
bitcoin price right now
set a timer for 10 minutes
summarise https://example.com/article
open https://news.ycombinator.com and tell me the top story
will it rain today in london
what's the current exchange rate usd to eur
run ls -la in my home folder
read the file notes.txt and tell me what's in it
who won the game last night
erinnere mich morgen an den zahnarzt
wie ist das wetter in hamburg
दिल्ली का मौसम कैसा है
book a table for two tonight
apple stock price today
北京天气怎么样
send an email to john that i am late
""",
    TaskCategory.CREATIVE: """
help me write a linkedin bio
roast me
make this sound more professional: hey i need the thing
write a thank you note to my teacher
short poem for mom
write lyrics about heartbreak
name for a bakery
another joke pls
write a toast for my best friends wedding
give me a funny whatsapp status
make up a story about a dragon
write me a poem about python the snake
tell me a joke
write a haiku about the latest snow
a short story about a robot who learns to love
slogan for my coffee shop
come up with 5 names for my cat
birthday wish for my sister
write a song about debugging
rap about math class
cover letter for a barista job
pretend you are a pirate
instagram caption for a beach photo
write a limerick about a man from peru
bedtime story for my daughter about stars
schreib ein gedicht über den herbst
écris un poème sur la mer
cuéntame un chiste
एक कविता लिखो बारिश पर
write an essay about climate change
rewrite this to sound friendlier: send me the report now
tagline ideas for a running app
wriet a peom for my wife
""",
    TaskCategory.ANALYSIS: """
tldr of this pls: long text here
compare the french and american revolution
what are the risks of investing in crypto
shorten this text to the key points: we met and talked
python vs javascript for beginners
analyse this poem
give me feedback on my cv
what are the advantages of solar energy
summary of the odyssey
ios or android which is better
compare iphone and android
pros and cons of electric cars
summarize this article: The council met on Tuesday to discuss the new bridge.
sumarize the following text: it was a long day in the valley
review my essay and give feedback
tl;dr: The meeting started late and nobody agreed on the budget.
analyze the impact of social media on teens
which is better for travel, a backpack or a suitcase
key takeaways from the great gatsby
strengths and weaknesses of remote work
swot analysis for a bakery
evaluate this business idea: a subscription for socks
sentiment of this review: the food was awful but the staff was kind
vor- und nachteile von homeoffice, vergleiche bitte
compara madrid y barcelona
tea vs coffee
security analysis of a zero-trust architecture
proofread this: i has a apple
总结这篇文章
tell me the main points of this text: prices rose in may
""",
}

MESSAGES = tuple(
    (line.replace("\\n", "\n"), category) for category, block in LABELLED.items() for line in block.strip().split("\n")
)
