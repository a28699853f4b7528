<?php
// Whose queues parts/hook.php sends when one request writes posts to two sites of a network; three lists of numbers out.
define( 'ABSPATH', '/' );
$blog = 1;
$back = array();
$sent = array();
$wpdb = new class() {
	public $options = '';
	public function esc_like( $text ) {
		return $text;
	}
	public function prepare( $text ) {
		return $text;
	}
	public function query() {}
	public function get_results() {
		$GLOBALS['sent'][] = $GLOBALS['blog'];
		return array();
	}
};
function add_action() {}
function has_action() {
	return false;
}
function maybe_serialize() {}
function wp_cache_delete() {}
function delete_transient() {}
function wp_generate_password() {
	return 'x';
}
function get_current_blog_id() {
	return $GLOBALS['blog'];
}
function switch_to_blog( $site ) {
	array_push( $GLOBALS['back'], $GLOBALS['blog'] );
	$GLOBALS['blog'] = $site;
}
function restore_current_blog() {
	$GLOBALS['blog'] = array_pop( $GLOBALS['back'] );
}
function nashra_key() {
	return 'k';
}
function nashra_settings() {
	return array( 'secret' => '' );
}
require $argv[1];
nashra_queue( 8, array() );
switch_to_blog( 2 );
nashra_queue( 8, array() );
nashra_queue( 9, array() );
restore_current_blog();
nashra_send_after();
echo json_encode( array( array_values( array_unique( $sent ) ), $blog, $back ) );
