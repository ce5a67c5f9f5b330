"""The pages of reviewers: the queue, a case, and what is done with cases."""
