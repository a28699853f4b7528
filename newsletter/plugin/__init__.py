"""The plugin for WordPress, made for one newsroom: files filled, words of its language, one ZIP. Pure.

`newsletter.plugin.quoting` writes values as PHP, `newsletter.plugin.filling` makes the files of
``templates/wordpress/``, `newsletter.plugin.zipping` packs them.
"""
