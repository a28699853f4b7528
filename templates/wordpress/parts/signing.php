<?php
/**
 * How the site and the reader pages of the newsroom speak to each other: every message signed.
 *
 * The same as newsletter/site_hook/signing.py says in Python; both are tried on the same vectors.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

/** Seconds by which the two clocks may differ. */
const NASHRA_WINDOW = 300;

/**
 * The key that signs, of the digits that settings and wp-config hold; '' where they are none.
 *
 * @param string $digits 64 hexadecimal digits.
 */
function nashra_key( $digits ) {
	return preg_match( '/^[0-9a-f]{64}$/', (string) $digits ) ? (string) hex2bin( $digits ) : '';
}

/**
 * The value of X-Nashra-Signature for what is said at a moment.
 *
 * @param string $said A body, or "GET /path?query".
 * @param string $key  Of nashra_key().
 * @param int    $at   Seconds since 1970.
 */
function nashra_signature( $said, $key, $at ) {
	return 't=' . (int) $at . ',v1=' . hash_hmac( 'sha256', (int) $at . '.' . $said, $key );
}

/**
 * Whether a signature was made by one of the keys, and not long ago.
 *
 * @param string   $header Its value.
 * @param string   $said   What it should stand for.
 * @param string[] $keys   Which count.
 * @param int      $now    Seconds since 1970.
 */
function nashra_genuine( $header, $said, $keys, $now ) {
	if ( ! preg_match( '/^t=([0-9]{1,12}),v1=[0-9a-f]{64}$/D', (string) $header, $found ) ) {
		return false;
	}
	$fits = false;
	foreach ( $keys as $key ) {
		// Every key is tried, whichever fits: how long it takes tells nothing of them.
		$same = '' !== $key && hash_equals( nashra_signature( $said, $key, (int) $found[1] ), (string) $header );
		$fits = $fits || $same;
	}
	return $fits && abs( $now - (int) $found[1] ) <= NASHRA_WINDOW;
}

/**
 * The keys that count at a moment: the newest, and the one before it as long as it was promised.
 *
 * @param int $now Seconds since 1970.
 */
function nashra_keys( $now ) {
	$settings = nashra_settings();
	$keys     = array( nashra_key( $settings['secret'] ) );
	if ( ! empty( $settings['old_secret'] ) && $now < (int) $settings['old_until'] ) {
		$keys[] = nashra_key( $settings['old_secret'] );
	}
	return array_values( array_filter( $keys, 'strlen' ) );
}

/**
 * What the reader pages answer to a signed question, or null.
 *
 * @param string $path    Below the address of the pages, with its query.
 * @param float  $timeout Seconds.
 * @return array|null
 */
function nashra_fetch( $path, $timeout = 2 ) {
	$settings = nashra_settings();
	$key      = nashra_key( $settings['secret'] );
	if ( '' === $key ) {
		return null;
	}
	$answer = wp_remote_get(
		$settings['pages'] . $path,
		array(
			'timeout'             => $timeout,
			'redirection'         => 0,
			'limit_response_size' => 65536,
			'headers'             => array( 'X-Nashra-Signature' => nashra_signature( 'GET ' . $path, $key, time() ) ),
		)
	);
	return nashra_answer( $answer );
}

/**
 * What the reader pages answer to a signed message, or null. It is told once: its random id is added here.
 *
 * @param string $path    Below the address of the pages.
 * @param array  $said    What it says.
 * @param float  $timeout Seconds.
 * @return array|null
 */
function nashra_tell( $path, $said, $timeout = 2 ) {
	$settings = nashra_settings();
	$key      = nashra_key( $settings['secret'] );
	// As it is, letters of any script: six characters for each would be too much for the pages.
	$body = wp_json_encode( array( 'id' => bin2hex( random_bytes( 16 ) ) ) + $said, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES );
	if ( '' === $key || ! is_string( $body ) ) {
		return null;
	}
	$answer = wp_remote_post(
		$settings['pages'] . $path,
		array(
			'timeout'     => $timeout,
			'redirection' => 0,
			'headers'     => array(
				'Content-Type'       => 'application/json',
				'X-Nashra-Signature' => nashra_signature( $body, $key, time() ),
			),
			'body'        => $body,
		)
	);
	return nashra_answer( $answer );
}

/**
 * The JSON of an answer, or null when it is none.
 *
 * @param array|WP_Error $answer Of WordPress' own HTTP.
 * @return array|null
 */
function nashra_answer( $answer ) {
	if ( is_wp_error( $answer ) || 200 !== wp_remote_retrieve_response_code( $answer ) ) {
		return null;
	}
	$found = json_decode( wp_remote_retrieve_body( $answer ), true );
	return is_array( $found ) ? $found : null;
}
