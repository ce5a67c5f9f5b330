"""The words of webhooks.admin.words for templates."""

from django import template

from webhooks.admin import words

register = template.Library()

register.filter("result_words", words.result_words)
register.filter("endpoint_link", words.endpoint_link)
register.filter("delivery_link", words.delivery_link)
register.filter("arrived_words", words.arrived_words)
register.filter("oldest_words", words.oldest_words)
register.filter("milliseconds", words.milliseconds)
register.filter("next_words", words.next_words)
