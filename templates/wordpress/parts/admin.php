<?php
/**
 * The one page of settings: where the form stands by itself, for which list, and whether the list of users tells who
 * reads it. WordPress' own settings pages look at the nonce and at the capability manage_options.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'admin_init', 'nashra_register_options' );
add_action( 'admin_menu', 'nashra_register_page' );
add_filter( 'plugin_action_links_' . plugin_basename( NASHRA_FILE ), 'nashra_action_links' );

/**
 * Tell WordPress of the options and their fields.
 */
function nashra_register_options() {
	register_setting(
		'nashra',
		'nashra_place',
		array(
			'type'              => 'string',
			'default'           => 'post',
			'sanitize_callback' => 'nashra_clean_place',
		)
	);
	register_setting(
		'nashra',
		'nashra_list',
		array(
			'type'              => 'string',
			'default'           => '',
			'sanitize_callback' => 'nashra_clean_list',
		)
	);
	register_setting(
		'nashra',
		'nashra_users',
		array(
			'type'              => 'string',
			'default'           => '',
			'sanitize_callback' => 'nashra_clean_users',
		)
	);
}

/**
 * One of the places there are.
 *
 * @param mixed $place As it was sent.
 * @return string
 */
function nashra_clean_place( $place ) {
	return in_array( $place, array( 'post', 'footer', 'none' ), true ) ? $place : 'post';
}

/**
 * One of the lists there are.
 *
 * @param mixed $name As it was sent.
 * @return string
 */
function nashra_clean_list( $name ) {
	return is_string( $name ) && isset( nashra_settings()['lists'][ $name ] ) ? $name : '';
}

/**
 * Whether the list of users has the column.
 *
 * @param mixed $value As it was sent; nothing is sent of a box without its mark.
 * @return string
 */
function nashra_clean_users( $value ) {
	return 'yes' === $value ? 'yes' : '';
}

/**
 * The page in the menu.
 */
function nashra_register_page() {
	add_options_page( nashra_say( 'The letter' ), nashra_say( 'The letter' ), 'manage_options', 'nashra', 'nashra_page' );
}

/**
 * A link to it in the list of plugins.
 *
 * @param array $links That are there.
 * @return array
 */
function nashra_action_links( $links ) {
	$address = admin_url( 'options-general.php?page=nashra' );
	array_unshift( $links, '<a href="' . esc_url( $address ) . '">' . esc_html( nashra_say( 'Settings' ) ) . '</a>' );
	return $links;
}

/**
 * The page.
 */
function nashra_page() {
	if ( ! current_user_can( 'manage_options' ) ) {
		return;
	}
	$settings = nashra_settings();
	$places   = array(
		'post'   => nashra_say( 'Under each post' ),
		'footer' => nashra_say( 'At the foot of each page' ),
		'none'   => nashra_say( 'Nowhere by itself' ),
	);
	echo '<div class="wrap"' . wp_kses_data( nashra_tongue() ) . '><h1>' . esc_html( nashra_say( 'The letter' ) ) . '</h1>';
	echo '<form method="post" action="options.php">';
	settings_fields( 'nashra' );
	echo '<table class="form-table" role="presentation"><tr><th scope="row">' . esc_html( nashra_say( 'The form' ) ) . '</th><td><fieldset>';
	echo '<legend class="screen-reader-text">' . esc_html( nashra_say( 'The form' ) ) . '</legend>';
	foreach ( $places as $value => $title ) {
		echo '<p><label><input type="radio" name="nashra_place" value="' . esc_attr( $value ) . '" ' . checked( $value, nashra_place(), false ) . '> ';
		echo esc_html( $title ) . '</label></p>';
	}
	echo '<p class="description">' . esc_html( nashra_say( 'Posts that have the block or the shortcode already get no second one.' ) ) . '</p>';
	echo '</fieldset></td></tr>';
	if ( count( $settings['lists'] ) > 1 ) {
		echo '<tr><th scope="row"><label for="nashra_list">' . esc_html( nashra_say( 'List' ) ) . '</label></th><td><select id="nashra_list" name="nashra_list">';
		foreach ( $settings['lists'] as $name => $title ) {
			echo '<option value="' . esc_attr( $name ) . '" ' . selected( $name, nashra_list( '' ), false ) . '>' . esc_html( $title ) . '</option>';
		}
		echo '</select></td></tr>';
	}
	$what = 'Shown to who may see the users and edit the posts of others. The addresses of the users on the page are sent to the reader pages, signed, and not kept there.';
	echo '<tr><th scope="row">' . esc_html( nashra_say( 'Users' ) ) . '</th><td><label><input type="checkbox" name="nashra_users" value="yes" ';
	echo checked( 'yes', get_option( 'nashra_users', '' ), false ) . ' aria-describedby="nashra-users-what"> ';
	echo esc_html( nashra_say( 'Say in the list of users who reads the letter' ) ) . '</label>';
	echo '<p class="description" id="nashra-users-what">' . esc_html( nashra_say( $what ) ) . '</p></td></tr>';
	echo '<tr><th scope="row">' . esc_html( nashra_say( 'Reader pages' ) ) . '</th><td><a dir="ltr" href="' . esc_url( $settings['pages'] . '/' ) . '">';
	echo esc_html( $settings['pages'] ) . '</a></td></tr>';
	if ( '' !== $settings['desk'] ) {
		echo '<tr><th scope="row">' . esc_html( nashra_say( 'The desk' ) ) . '</th><td><a dir="ltr" href="' . esc_url( $settings['desk'] ) . '">';
		echo esc_html( $settings['desk'] ) . '</a></td></tr>';
	}
	echo '</table>';
	do_action( 'nashra_settings_page' );
	submit_button( nashra_say( 'Save' ) );
	echo '</form></div>';
}
