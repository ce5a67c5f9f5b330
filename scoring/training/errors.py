class TrainingRefused(ValueError):
    """The data cannot make a model; the message says what is wrong. Nothing was written."""
