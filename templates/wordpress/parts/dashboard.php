<?php
/**
 * The box in the dashboard: whole sentences that the reader pages make, for who may edit the posts of others.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'wp_dashboard_setup', 'nashra_dashboard' );

/**
 * Tell WordPress of the box.
 */
function nashra_dashboard() {
	if ( current_user_can( 'edit_others_posts' ) ) {
		$name = nashra_say( 'The letter of {name}', array( 'name' => nashra_settings()['name'] ) );
		wp_add_dashboard_widget( 'nashra_figures', esc_html( $name ), 'nashra_dashboard_box' );
	}
}

/**
 * The sentences, asked for every ten minutes at most; once a minute while there is no answer.
 *
 * @return array Groups of sentences; empty without an answer.
 */
function nashra_figures() {
	$kept = get_transient( 'nashra_figures' );
	if ( is_array( $kept ) ) {
		return $kept;
	}
	$found  = function_exists( 'nashra_fetch' ) ? nashra_fetch( '/hooks/wordpress/figures', 2 ) : null;
	$groups = is_array( $found ) && isset( $found['groups'] ) && is_array( $found['groups'] ) ? $found['groups'] : array();
	set_transient( 'nashra_figures', $groups, $groups ? 600 : 60 );
	return $groups;
}

/**
 * The box.
 */
function nashra_dashboard_box() {
	$groups = nashra_figures();
	echo '<div' . wp_kses_data( nashra_tongue() ) . '>';
	foreach ( $groups as $number => $sentences ) {
		echo '<ul>';
		foreach ( array_filter( (array) $sentences, 'is_string' ) as $place => $sentence ) {
			$first = 0 === $number && 0 === $place;
			echo '<li>' . ( $first ? '<strong>' : '' ) . esc_html( $sentence ) . ( $first ? '</strong>' : '' ) . '</li>';
		}
		echo '</ul>';
	}
	if ( ! $groups ) {
		echo '<p>' . esc_html( nashra_say( 'The numbers cannot be had at the moment.' ) ) . '</p>';
	}
	$desk = nashra_settings()['desk'];
	if ( '' !== $desk ) {
		echo '<p><a class="button" href="' . esc_url( $desk ) . '">' . esc_html( nashra_say( 'Open the desk' ) ) . '</a></p>';
	}
	echo '</div>';
}
