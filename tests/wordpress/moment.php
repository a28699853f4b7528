<?php
// What parts/hook.php tells of a post that another process changes while this one reads it; two numbers and a list out.
define( 'ABSPATH', '/' );
class WP_Post {
	public $post_type = 'post', $post_status = 'publish', $post_password = '', $post_modified_gmt = '2026-11-24 10:00:00';
}
function add_action() {}
function nashra_site() {
	return 'https://example.org/';
}
function get_permalink() {
	return 'https://example.org/8/';
}
function get_post_meta() {
	return '';
}
function wp_cache_delete( $key, $group ) {
	$GLOBALS['done'][] = $group;
}
function get_post() {
	$GLOBALS['done'][] = 'read';
	$GLOBALS['read']   = (int) round( microtime( true ) * 1000 );
	usleep( 5000 );
	return new WP_Post();
}
require $argv[1];
$done = array();
$told = nashra_told( 8, array() );
echo json_encode( array( $told['moment'] <= $read, $done, nashra_told( 8, array(), 7 )['moment'] ) );
