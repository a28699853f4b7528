<?php
// Run PHP inside the site as its administrator, and print what it returns as JSON: php ask.php DIR CODE
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
require $argv[1] . '/www/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
wp_set_current_user(1);
global $wpdb;
echo json_encode(eval($argv[2]), JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
