"""Files of payments that are scored as a job: which shapes they have, what a row says, and what is answered."""
