<?php
/**
 * Take out what the plugin put in: options, fields of posts, what waits for the clock, widgets; on every site of a network.
 *
 * @package Nashra
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * The same for one site.
 */
function nashra_uninstall_site() {
	global $wpdb;
	// One statement each, at the end of the plugin's life: there is nothing to cache.
	// phpcs:disable WordPress.DB.DirectDatabaseQuery
	$ours    = $wpdb->esc_like( 'nashra_' ) . '%';
	$options = $wpdb->get_col(
		$wpdb->prepare(
			"SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s OR option_name LIKE %s OR option_name LIKE %s OR option_name = 'widget_nashra'",
			$ours,
			$wpdb->esc_like( '_transient_nashra_' ) . '%',
			$wpdb->esc_like( '_transient_timeout_nashra_' ) . '%'
		)
	);
	$fields  = $wpdb->get_col( $wpdb->prepare( "SELECT DISTINCT meta_key FROM {$wpdb->postmeta} WHERE meta_key LIKE %s", $ours ) );
	// phpcs:enable
	array_map( 'delete_option', $options );
	array_map( 'delete_post_meta_by_key', $fields );
	$crons = _get_cron_array();
	foreach ( is_array( $crons ) ? $crons : array() as $hooks ) {
		foreach ( array_keys( $hooks ) as $hook ) {
			if ( 0 === strpos( $hook, 'nashra_' ) ) {
				wp_unschedule_hook( $hook );
			}
		}
	}
	$sidebars = get_option( 'sidebars_widgets' );
	if ( is_array( $sidebars ) ) {
		foreach ( $sidebars as $name => $widgets ) {
			if ( is_array( $widgets ) ) {
				$sidebars[ $name ] = array_values( preg_grep( '/^nashra-\d+$/', $widgets, PREG_GREP_INVERT ) );
			}
		}
		update_option( 'sidebars_widgets', $sidebars );
	}
}

if ( is_multisite() ) {
	foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $nashra_site ) {
		switch_to_blog( $nashra_site );
		nashra_uninstall_site();
		restore_current_blog();
	}
} else {
	nashra_uninstall_site();
}
