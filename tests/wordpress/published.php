<?php
// What the site's own database has of an issue that was published there: its posts, revisions and pictures, as JSON.
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
require $argv[1] . '/www/wp-load.php';
global $wpdb;
$issue = $argv[2];
$posts = $wpdb->get_results($wpdb->prepare("SELECT ID, post_status, post_name, post_title, post_content, post_excerpt,
    post_modified_gmt, post_author FROM wp_posts WHERE post_type = 'post' AND post_name LIKE %s ORDER BY ID",
    "nashra-issue-$issue%"), ARRAY_A);
$numbers = implode(',', array_map(fn($one) => (int) $one['ID'], $posts)) ?: '0';
echo json_encode([
    'posts' => $posts,
    'featured' => array_map(fn($one) => (int) get_post_thumbnail_id((int) $one['ID']), $posts),
    'revisions' => (int) $wpdb->get_var("SELECT COUNT(*) FROM wp_posts WHERE post_type = 'revision' AND post_parent IN ($numbers)"),
    'pictures' => $wpdb->get_results($wpdb->prepare("SELECT p.ID, p.post_name, m.meta_value alt FROM wp_posts p
        LEFT JOIN wp_postmeta m ON m.post_id = p.ID AND m.meta_key = '_wp_attachment_image_alt'
        WHERE post_type = 'attachment' AND post_name LIKE %s", "nashra-$issue-%"), ARRAY_A),
], JSON_UNESCAPED_UNICODE), "\n";
