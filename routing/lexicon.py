"""The words that tell what a message asks for, as tables; nothing here decides anything.

Terms are separated by commas and matched as whole words, in lower case, with hyphens read as spaces. The figures are
weights: a category needs more than the prior of a plain question to win.
"""

from __future__ import annotations

from routing.types import ModelCapability, TaskCategory


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
