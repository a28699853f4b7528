<?php
/**
 * The issue that a post was published from by Nashra: kept with the post, and shown only to who may edit it.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'init', 'nashra_register_issue' );

/**
 * Tell WordPress of the value; without this it drops it without a word.
 */
function nashra_register_issue() {
	register_post_meta(
		'post',
		'nashra_issue',
		array(
			'type'              => 'string',
			'single'            => true,
			'default'           => '',
			'show_in_rest'      => array( 'schema' => array( 'context' => array( 'edit' ) ) ),
			'auth_callback'     => static function ( $allowed, $key, $post_id ) {
				return current_user_can( 'edit_post', $post_id );
			},
			'sanitize_callback' => 'sanitize_text_field',
		)
	);
}
