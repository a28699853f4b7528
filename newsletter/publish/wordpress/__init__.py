"""One issue as one post of a WordPress: its blocks, what is asked of the site, and what the answers mean."""
