<?php
/**
 * What editors want of a post in the letter: what each value may be, who may set it, and how it is kept with the post.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'init', 'nashra_register_values' );
add_filter( 'rest_pre_insert_post', 'nashra_without_what_stays', 10, 2 );

/**
 * The values of the box: name to what it may be. An empty list stands for any text.
 *
 * @return array
 */
function nashra_box_values() {
	return array(
		'letter'     => array( '', 'no', 'yes', 'lead' ),
		'headline'   => array(),
		'summary'    => array(),
		'section'    => array(),
		'at_once'    => array( '', 'yes' ),
		'correction' => array(),
	);
}

/**
 * Whether somebody may set a value: whoever may edit the post, and what goes to all readers only who may publish. An
 * editor who publishes in quick edit does not see what a contributor has set.
 *
 * @param string $name    Of the value.
 * @param int    $post_id The post.
 */
function nashra_may_set( $name, $post_id ) {
	$for_publishers = in_array( $name, array( 'at_once', 'correction' ), true );
	return current_user_can( 'edit_post', $post_id ) && ( ! $for_publishers || current_user_can( 'publish_posts' ) );
}

/**
 * Whether somebody may change a value: that a post leads is for those who may publish, to say it and to take it back.
 *
 * @param string $name    Of the value.
 * @param int    $post_id The post; 0 for one that is not there yet.
 * @param string $value   As it would be.
 */
function nashra_may_change( $name, $post_id, $value ) {
	$now = $post_id ? (string) get_post_meta( $post_id, 'nashra_' . $name, true ) : '';
	return 'letter' !== $name || $now === $value || ! in_array( 'lead', array( $now, $value ), true ) || current_user_can( 'publish_posts' );
}

/**
 * A value as it is kept.
 *
 * @param string $name  Of the value.
 * @param mixed  $value As it was typed.
 * @return string
 */
function nashra_clean_value( $name, $value ) {
	$may = nashra_box_values()[ $name ];
	if ( ! is_scalar( $value ) ) {
		return '';
	}
	if ( $may ) {
		return in_array( (string) $value, $may, true ) ? (string) $value : '';
	}
	$longest = in_array( $name, array( 'summary', 'correction' ), true ) ? 1000 : 300;
	$clean   = nashra_plain( $value );
	$clean   = 300 === $longest ? trim( preg_replace( '/[\r\n\t ]+/', ' ', $clean ) ) : $clean;
	return function_exists( 'mb_substr' ) ? mb_substr( $clean, 0, $longest ) : substr( $clean, 0, 3 * $longest );
}

/**
 * A text without tags. WordPress' own way writes "a < b" and the quotation marks behind it as HTML, which no letter reads,
 * and takes "50%de" for a sign of an address; this is plain text, and escaped wherever it is shown.
 *
 * @param mixed $value As it was typed.
 * @return string
 */
function nashra_plain( $value ) {
	$clean = str_replace( array( "\0", "\1", "\r\n" ), array( '', '', "\n" ), wp_check_invalid_utf8( (string) $value ) );
	for ( $pass = 0; $pass < 10; ++$pass ) {
		$before = $clean;
		// What begins no tag, or one that does not end, is a sign like any other; of two tags in one another one is left.
		$clean = preg_replace( '/<(?![a-z\/!?][^<>]*>)/i', "\1", $clean );
		$clean = str_replace( "\1", '<', wp_strip_all_tags( (string) $clean ) );
		if ( $before === $clean ) {
			return $clean;
		}
	}
	// Nobody types so many tags inside one another, and no end of them is waited for.
	return str_replace( '<', '', $clean );
}

/**
 * Tell WordPress of the values: kept with the post, and shown only to who may edit it.
 */
function nashra_register_values() {
	foreach ( nashra_box_values() as $name => $may ) {
		$schema = array( 'context' => array( 'edit' ) );
		if ( $may ) {
			$schema['enum'] = $may;
		}
		register_post_meta(
			'post',
			'nashra_' . $name,
			array(
				'type'              => 'string',
				'single'            => true,
				'default'           => '',
				'show_in_rest'      => array( 'schema' => $schema ),
				'auth_callback'     => static function ( $allowed, $key, $post_id ) use ( $name ) {
					return nashra_may_set( $name, $post_id );
				},
				'sanitize_callback' => static function ( $value ) use ( $name ) {
					$clean = nashra_clean_value( $name, $value );
					// Custom fields and XML-RPC come here alone; what runs without somebody, as WordPress' clock, may.
					$may = 'letter' !== $name || 'lead' !== $clean || ! is_user_logged_in() || current_user_can( 'publish_posts' );
					return $may ? $clean : '';
				},
			)
		);
	}
}

/**
 * The block editor sends every value with each one that was changed: what stays as it was needs no right.
 *
 * @param stdClass        $prepared The post.
 * @param WP_REST_Request $request  As the editor sent it.
 * @return stdClass|WP_Error
 */
function nashra_without_what_stays( $prepared, $request ) {
	$meta = $request['meta'];
	if ( ! is_array( $meta ) || current_user_can( 'publish_posts' ) ) {
		return $prepared;
	}
	$post_id = isset( $prepared->ID ) ? (int) $prepared->ID : 0;
	foreach ( array( 'letter', 'at_once', 'correction' ) as $name ) {
		$key = 'nashra_' . $name;
		if ( ! isset( $meta[ $key ] ) ) {
			continue;
		}
		$now = $post_id ? (string) get_post_meta( $post_id, $key, true ) : '';
		if ( $now === $meta[ $key ] ) {
			unset( $meta[ $key ] );
		} elseif ( ! nashra_may_change( $name, $post_id, $meta[ $key ] ) ) {
			// phpcs:ignore WordPress.WP.I18n.MissingArgDomain -- a sentence of WordPress itself.
			$said = sprintf( __( 'Sorry, you are not allowed to edit the %s custom field.' ), $key );
			return new WP_Error( 'rest_cannot_update', $said, array( 'status' => 403 ) );
		}
	}
	$request['meta'] = $meta;
	return $prepared;
}
