from django.contrib.admin import AdminSite


class SentinelAdminSite(AdminSite):
    site_title = "SentinelStream"
    site_header = "SentinelStream"
    index_title = "Rules, cases and the record"
