"""The rule language: models of what people write, and one small module of judgement for each type."""
