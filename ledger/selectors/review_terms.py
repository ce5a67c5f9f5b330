from ledger.models import ReviewTerms


def review_terms() -> ReviewTerms:
    """Those in force: the newest."""
    return ReviewTerms.objects.order_by("-id")[:1].get()
