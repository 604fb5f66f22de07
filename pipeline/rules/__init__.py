"""The rule language: what people write, and one small module of judgement for each type.

`model`, `fields`   rules as documents
`kinds`             every type with its parts
`threshold`, `comparison`, `statistical`   judgement and words of one type each
`operators`, `verdict`, `wording`          what they share
"""
