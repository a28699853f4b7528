<?php
/**
 * What every part uses: the settings, words, options, and what is left behind at the end.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

/**
 * What this newsroom's plugin knows; constants in wp-config.php win.
 *
 * @return array
 */
function nashra_settings() {
	static $settings = null;
	if ( null === $settings ) {
		$settings = require NASHRA_FOLDER . '/settings.php';
		if ( defined( 'NASHRA_PAGES' ) && is_string( NASHRA_PAGES ) && '' !== NASHRA_PAGES ) {
			$settings['pages'] = untrailingslashit( NASHRA_PAGES );
		}
		if ( defined( 'NASHRA_SECRET' ) && is_string( NASHRA_SECRET ) && '' !== NASHRA_SECRET ) {
			$settings['secret'] = NASHRA_SECRET;
		}
	}
	return $settings;
}

/**
 * A text of ours in the letter's language; nothing is escaped yet.
 *
 * @param string $text  In English.
 * @param array  $parts Name to what stands in its place, as {name}.
 * @return string
 */
function nashra_say( $text, $parts = array() ) {
	$words = nashra_settings()['words'];
	$said  = isset( $words[ $text ] ) ? $words[ $text ] : $text;
	foreach ( $parts as $name => $value ) {
		$said = str_replace( '{' . $name . '}', (string) $value, $said );
	}
	return $said;
}

/**
 * Attributes lang and dir of what is written in the letter's language.
 *
 * @return string
 */
function nashra_tongue() {
	$settings = nashra_settings();
	return ' lang="' . esc_attr( $settings['language'] ) . '" dir="' . esc_attr( $settings['direction'] ) . '"';
}

/**
 * The address of the site's front page, with http or https as its settings have it: the same for who saves by https and
 * for WordPress' clock.
 *
 * @return string
 */
function nashra_site() {
	return home_url( '/', wp_parse_url( (string) get_option( 'home' ), PHP_URL_SCHEME ) );
}

/**
 * Data for a script, so that nothing in it ends the script.
 *
 * @param string $name  Of the variable in window.
 * @param mixed  $value Arrays and texts.
 * @return string
 */
function nashra_script_data( $name, $value ) {
	return 'window.' . $name . ' = ' . wp_json_encode( $value, JSON_HEX_TAG | JSON_HEX_AMP ) . ';';
}

/**
 * Forget what waits for WordPress' clock, on this site or on all of them.
 *
 * @param bool $network Whether it was switched off for a whole network.
 */
function nashra_deactivated( $network = false ) {
	$sites = is_multisite() && $network ? get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) : array( 0 );
	foreach ( $sites as $site ) {
		$site && switch_to_blog( $site );
		nashra_clear_cron();
		$site && restore_current_blog();
	}
}

/**
 * Take every event of ours out of WordPress' clock.
 */
function nashra_clear_cron() {
	$crons = _get_cron_array();
	foreach ( is_array( $crons ) ? $crons : array() as $hooks ) {
		foreach ( array_keys( $hooks ) as $hook ) {
			if ( 0 === strpos( $hook, 'nashra_' ) ) {
				wp_unschedule_hook( $hook );
			}
		}
	}
}
