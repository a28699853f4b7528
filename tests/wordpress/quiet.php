<?php
// No mail leaves, nobody is asked whether their address is still right, and wordpress.org has nothing new.
add_filter('pre_wp_mail', '__return_true');
add_filter('admin_email_check_interval', '__return_zero');
add_filter('pre_http_request', fn($before, $options, $url) => strpos($url, 'wordpress.org/') === false ? $before : [
    'response' => ['code' => 200, 'message' => 'OK'], 'headers' => [], 'cookies' => [], 'filename' => null,
    'body' => '{"plugins":{},"themes":{},"offers":[],"translations":[],"no_update":{},"checksums":{},"events":[]}',
], 10, 3);
