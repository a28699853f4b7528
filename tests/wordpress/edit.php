<?php
// What an editor does in WordPress, done to the site of site.php: php edit.php DIR ACTION ARGUMENT…
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
require $argv[1] . '/www/wp-load.php';
wp_set_current_user(1);
// WordPress has variables of its own called like this, so they are filled behind it.
$given = array_slice($argv, 3);

/** Save a post's fields, and say its number. */
function save(array $fields): void {
    $id = isset($fields['ID']) ? wp_update_post($fields, true) : wp_insert_post($fields, true);
    if (is_wp_error($id)) {
        fwrite(STDERR, $id->get_error_message());
        exit(1);
    }
    echo $id, "\n";
}

match ($argv[2]) {
    'publish' => save(['post_title' => $given[0], 'post_content' => $given[1], 'post_date' => $given[2],
        'post_status' => 'publish', 'post_name' => $given[3], 'post_author' => 1]),
    'slug' => save(['ID' => (int) $given[0], 'post_name' => $given[1]]),
    'title' => save(['ID' => (int) $given[0], 'post_title' => $given[1]]),
    'status' => save(['ID' => (int) $given[0], 'post_status' => $given[1]]),
    'password' => save(['ID' => (int) $given[0], 'post_password' => $given[1]]),
    'trash' => wp_trash_post((int) $given[0]),
    'structure' => (function () use ($given) {
        global $wp_rewrite;
        $wp_rewrite->set_permalink_structure($given[0]);
        $wp_rewrite->flush_rules(false);
    })(),
};
