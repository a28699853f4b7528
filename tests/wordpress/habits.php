<?php
// What themes and plugins of newsrooms do to the interface and to excerpts.
add_action('after_setup_theme', function () {
    add_theme_support('title-tag');
    add_theme_support('automatic-feed-links');
    add_theme_support('post-thumbnails');
    add_theme_support('post-formats', ['video']);
});
// As the default themes do: the headline comes again, inside the excerpt.
add_filter('excerpt_more', fn() => sprintf(
    '&hellip; <a class="more-link" href="%s">Continue reading <span class="screen-reader-text">%s</span></a>',
    esc_url(get_permalink()), get_the_title()
));
// As plugins do that close the interface for visitors, though its Link header stays.
add_filter('rest_authentication_errors', fn($before) => is_file(SITE_DIR . '/closed')
    ? new WP_Error('rest_not_logged_in', 'You are not currently logged in.', ['status' => 401]) : $before);
