<?php
/**
 * A column in the list of users: how each stands on the list of the letter. Only where the settings page says so, and only
 * for who may see users and edit the posts of others. One signed question for a page; nothing of an address is kept.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_filter( 'manage_users_columns', 'nashra_users_columns' );
add_filter( 'manage_users_custom_column', 'nashra_users_cell', 10, 3 );

/** The most addresses that the pages take in one question. */
const NASHRA_USERS_MOST = 200;

/**
 * Whether the column is there, on this site of a network, for who asks.
 *
 * @return bool
 */
function nashra_users_wanted() {
	return 'yes' === get_option( 'nashra_users', '' ) && current_user_can( 'list_users' ) && current_user_can( 'edit_others_posts' );
}

/**
 * The column, the last one.
 *
 * @param array $columns That are there.
 * @return array
 */
function nashra_users_columns( $columns ) {
	if ( is_array( $columns ) && nashra_users_wanted() ) {
		$columns['nashra'] = '<span' . nashra_tongue() . '>' . esc_html( nashra_say( 'Newsletter' ) ) . '</span>';
	}
	return $columns;
}

/**
 * A cell of it: empty when the pages say nothing of this user.
 *
 * @param string $shown   What other plugins made of it.
 * @param string $column  Its name.
 * @param int    $user_id Whose row it is.
 * @return string
 */
function nashra_users_cell( $shown, $column, $user_id ) {
	if ( 'nashra' !== $column || ! nashra_users_wanted() ) {
		return $shown;
	}
	$states = nashra_users_states();
	if ( ! isset( $states[ $user_id ] ) ) {
		return '';
	}
	$words = array(
		'subscribed' => nashra_say( 'Subscribed' ),
		'pending'    => nashra_say( 'Asked, not confirmed' ),
		'paused'     => nashra_say( 'Paused' ),
		'left'       => nashra_say( 'Left' ),
		'stopped'    => nashra_say( 'Gets no letters' ),
	);
	$state = $states[ $user_id ];
	if ( ! isset( $words[ $state ] ) ) {
		$none = '<span class="screen-reader-text"' . nashra_tongue() . '>' . esc_html( nashra_say( 'Not subscribed' ) ) . '</span>';
		return '<span aria-hidden="true">&#8212;</span>' . $none;
	}
	return '<span' . nashra_tongue() . '>' . esc_html( $words[ $state ] ) . '</span>';
}

/**
 * How the users of the page that is shown stand: asked for once in a request, every ten minutes at most, and not for a
 * minute after the pages gave no answer.
 *
 * @return array Number of the user to a state, '' for who is not on the list; empty without an answer.
 */
function nashra_users_states() {
	static $states = null;
	if ( null === $states ) {
		$states = nashra_users_asked( nashra_users_shown() );
	}
	return $states;
}

/**
 * The users of the page that is shown, as many as one question takes.
 *
 * @return array Number to address; empty where the column is hidden, so that nothing is asked for it.
 */
function nashra_users_shown() {
	global $wp_list_table;
	$screen = get_current_screen();
	if ( ! $wp_list_table instanceof WP_Users_List_Table || ! $screen || in_array( 'nashra', get_hidden_columns( $screen ), true ) ) {
		return array();
	}
	$shown = array();
	foreach ( (array) $wp_list_table->items as $user ) {
		if ( $user instanceof WP_User && count( $shown ) < NASHRA_USERS_MOST ) {
			$shown[ $user->ID ] = (string) $user->user_email;
		}
	}
	return $shown;
}

/**
 * The same of some users. What is kept are their numbers with a word each; its name is a hash of all of them together.
 *
 * @param array $users Number to address.
 * @return array
 */
function nashra_users_asked( $users ) {
	$list = nashra_list( '' );
	$name = 'nashra_users_' . wp_hash( (string) wp_json_encode( array( $list, $users ) ) );
	$kept = $users ? get_transient( $name ) : array();
	if ( is_array( $kept ) || get_transient( 'nashra_users_silent' ) ) {
		return is_array( $kept ) ? $kept : array();
	}
	$question = array(
		'list'      => $list,
		'addresses' => array_values( $users ),
	);
	$answer   = nashra_tell( '/hooks/wordpress/people', $question, 2 );
	$found    = isset( $answer['states'] ) && is_array( $answer['states'] ) ? array_filter( $answer['states'], 'is_string' ) : array();
	if ( count( $found ) !== count( $users ) ) {
		set_transient( 'nashra_users_silent', 1, 60 );
		return array();
	}
	$states = array_combine( array_keys( $users ), array_values( $found ) );
	set_transient( $name, $states, 600 );
	return $states;
}
