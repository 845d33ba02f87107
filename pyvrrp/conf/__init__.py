"""The keepalived.conf language: text in, a frozen `Config` and every problem found out.

One module per stage, each knowing only the ones before it:

    source       files and globs; a `Reader` may be a dict
    plain_blocks blocks that need none of the next two: most of a large file
    expand       comments, @conditions, $variables, ~repetition, includes: logical lines
    lexer        words of a line, and where each was written
    blocks       the tree of statements; knows no keyword
    shapes       what follows a keyword: a number in a range, seconds, a choice, ...
    schema       tables of keywords and the reader that follows one
    routes, rules, statics and what they use: routing, from words to `pyvrrp.routing`
    global_defs, vrrp and what they use: the tables
    rare_blocks  blocks that few files have; what reads them is loaded on use
    vrrp_checks, vrrp_relations: what only shows when all is read
    load         the order of it all; `load(path) -> Loaded`
    status       what becomes of each keyword, from all tables: KEYWORDS.md

`config` is the result, `diagnostics` are the problems. To act on one more
keyword: use its field outside, and take `acted_on=False` off its row; a new one needs both.

Leniency is keepalived's: a word that cannot be used costs what it is about, never the rest. So a
reader reports and goes on; only what keepalived refuses to start with is marked fatal. Where Debian's
2.2.7 and 2.4.3 differ, the newer one is followed; tests/parity lists where that shows.

What makes a large file cheap stands in two places. A plain block is taken apart when it is read
(`plain_blocks`), and blocks of one text are read once (`schema.read_values`): without a place, so
that whoever points at something in them is caught and reads on with one. A reader that is called
through it sees the words of the block, and things that stay as they are once they are there.

Nothing here opens a socket, looks up an account or runs anything, and no text may cost more than
seconds and megabytes: growth is paid from budgets (`expand`), lines, nesting, hints and the list
of problems are bounded.
"""
