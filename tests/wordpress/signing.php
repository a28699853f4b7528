<?php
// What parts/signing.php makes of the lines of the test: one JSON of a list in, one JSON of a list out.
define( 'ABSPATH', '/' );
function nashra_settings() {
	return $GLOBALS['settings'];
}
function add_action() {}
function add_filter() {}
require $argv[1];
$answers = array();
foreach ( json_decode( stream_get_contents( STDIN ), true ) as $one ) {
	$settings = $one['settings'];
	$said     = base64_decode( $one['said'] );
	$keys     = nashra_keys( $one['now'] );
	$answers[] = array(
		'keys'    => count( $keys ),
		'header'  => $keys ? nashra_signature( $said, $keys[0], $one['now'] ) : '',
		'genuine' => nashra_genuine( $one['header'], $said, $keys, $one['now'] ),
	);
}
echo json_encode( $answers );
