<?php
/**
 * Subscribers that another plugin keeps in this database, as a file that `newsletter subscribers import` reads: each with
 * the state and the dates it has there. Nothing is sent to anybody, and nothing is written here.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'admin_menu', 'nashra_readers_menu' );
add_action( 'admin_post_nashra_readers', 'nashra_readers_download' );

if ( defined( 'WP_CLI' ) && WP_CLI ) {
	WP_CLI::add_command( 'nashra readers', 'nashra_readers_command' );
}

/**
 * The page below Tools.
 */
function nashra_readers_menu() {
	$name = nashra_say( 'Readers for the letter' );
	add_management_page( $name, $name, 'manage_options', 'nashra-readers', 'nashra_readers_page' );
}

/**
 * Whether a table of MailPoet is there.
 *
 * @param string $name Without the site's prefix.
 * @return bool
 */
function nashra_has_table( $name ) {
	global $wpdb;
	$table = $wpdb->prefix . $name;
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery
	return $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $table ) ) ) === $table;
}

/**
 * How many people MailPoet knows; null where it is not.
 *
 * @return int|null
 */
function nashra_mailpoet_count() {
	global $wpdb;
	if ( ! nashra_has_table( 'mailpoet_subscribers' ) || ! nashra_has_table( 'mailpoet_subscriber_segment' ) || ! nashra_has_table( 'mailpoet_segments' ) ) {
		return null;
	}
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery
	return (int) $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->prefix}mailpoet_subscribers WHERE deleted_at IS NULL" );
}

/**
 * The page.
 */
function nashra_readers_page() {
	if ( ! current_user_can( 'manage_options' ) ) {
		return;
	}
	$count   = nashra_mailpoet_count();
	$jetpack = (array) get_option( 'jetpack_active_modules', array() );
	echo '<div class="wrap"' . wp_kses_data( nashra_tongue() ) . '><h1>' . esc_html( nashra_say( 'Readers for the letter' ) ) . '</h1>';
	$what = 'Subscribers that other plugins keep in the database of this site, as a file to import. Nothing is sent to anybody, and nothing is changed here.';
	echo '<p>' . esc_html( nashra_say( $what ) ) . '</p>';
	if ( in_array( 'subscriptions', $jetpack, true ) ) {
		echo '<p>' . esc_html( nashra_say( '{name} keeps its subscribers elsewhere: get the file from its own page.', array( 'name' => 'Jetpack' ) ) ) . '</p>';
	}
	if ( $count ) {
		$told = array(
			'name' => 'MailPoet',
			'n'    => number_format_i18n( $count ),
		);
		echo '<p><strong>' . esc_html( nashra_say( '{name}: {n}', $told ) ) . '</strong></p>';
		echo '<form method="post" action="' . esc_url( admin_url( 'admin-post.php' ) ) . '">';
		echo '<input type="hidden" name="action" value="nashra_readers">';
		wp_nonce_field( 'nashra_readers' );
		submit_button( nashra_say( 'Download the file (CSV)' ), 'primary', 'nashra_download', false );
		echo '</form>';
		$command = '<code dir="ltr">newsletter subscribers import mailpoet-readers.csv --dry-run</code>';
		echo '<p>' . wp_kses( nashra_say( 'Then: {command}', array( 'command' => $command ) ), array( 'code' => array( 'dir' => true ) ) ) . '</p>';
		echo '<p>' . esc_html( nashra_say( 'Import only people who agreed to get letters from you. Who left there stays out.' ) ) . '</p>';
	} else {
		echo '<p>' . esc_html( nashra_say( 'No subscribers of other plugins are in this database.' ) ) . '</p>';
	}
	echo '</div>';
}

/**
 * The file, for who may see the settings of the site and has pressed the button of the page.
 */
function nashra_readers_download() {
	if ( ! current_user_can( 'manage_options' ) ) {
		wp_die( esc_html( nashra_say( 'You may not do this.' ) ), '', array( 'response' => 403 ) );
	}
	check_admin_referer( 'nashra_readers' );
	nocache_headers();
	header( 'Content-Type: text/csv; charset=utf-8' );
	header( 'Content-Disposition: attachment; filename="mailpoet-readers.csv"' );
	header( 'X-Content-Type-Options: nosniff' );
	$out = fopen( 'php://output', 'w' );
	nashra_readers_write( $out );
	fclose( $out );
	exit;
}

/**
 * Write the subscribers of MailPoet in the columns of its own export: a row for each list that a person is on, and one
 * for who is on none and must not be mailed. Users of the site and customers, whom MailPoet has by itself, never asked
 * for letters: the lists of those are left out, and so is what lies in its trash.
 *
 * @param resource $out An open file.
 * @return int Rows.
 */
function nashra_readers_write( $out ) {
	global $wpdb;
	$columns = array( 'Email', 'List', 'List status', 'Global status', 'Subscribed at', 'Confirmed at', 'Subscribed IP' );
	// Excel takes a file without this mark for another alphabet.
	fwrite( $out, "\xEF\xBB\xBF" . nashra_csv_line( $columns ) );
	if ( null === nashra_mailpoet_count() ) {
		return 0;
	}
	$last  = 0;
	$rows  = 0;
	$table = $wpdb->prefix . 'mailpoet_';
	do {
		// phpcs:disable WordPress.DB
		$people = $wpdb->get_results(
			$wpdb->prepare( "SELECT * FROM {$table}subscribers WHERE id > %d AND deleted_at IS NULL ORDER BY id LIMIT 500", $last )
		);
		if ( ! $people ) {
			break;
		}
		$first = (int) reset( $people )->id;
		$last  = (int) end( $people )->id;
		$lists = $wpdb->get_results(
			$wpdb->prepare(
				"SELECT o.subscriber_id, o.status, o.created_at, s.name FROM {$table}subscriber_segment o JOIN {$table}segments s ON s.id = o.segment_id
				WHERE o.subscriber_id BETWEEN %d AND %d AND s.type = 'default' AND s.deleted_at IS NULL ORDER BY o.id",
				$first,
				$last
			)
		);
		// phpcs:enable
		$by_person = array();
		foreach ( (array) $lists as $one ) {
			$by_person[ $one->subscriber_id ][] = $one;
		}
		foreach ( $people as $person ) {
			$theirs = isset( $by_person[ $person->id ] ) ? $by_person[ $person->id ] : array();
			if ( ! $theirs && in_array( $person->status, array( 'unsubscribed', 'bounced' ), true ) ) {
				$theirs = array(
					(object) array(
						'status'     => 'unsubscribed',
						'name'       => '',
						'created_at' => '',
					),
				);
			}
			foreach ( $theirs as $one ) {
				$since = empty( $person->last_subscribed_at ) ? $one->created_at : $person->last_subscribed_at;
				$cells = array( $person->email, $one->name, $one->status, $person->status, $since, $person->confirmed_at, $person->subscribed_ip );
				fwrite( $out, nashra_csv_line( $cells ) );
				++$rows;
			}
		}
	} while ( true );
	return $rows;
}

/**
 * A line of a file that spreadsheets may open: no cell of it is a formula. Quotation marks and backslashes, which
 * programs write in two ways, are left out; addresses that have them are none that letters go to.
 *
 * @param array $cells Texts.
 * @return string
 */
function nashra_csv_line( $cells ) {
	$line = array();
	foreach ( $cells as $cell ) {
		$cell   = preg_replace( '/[\x00-\x1f\x7f"\\\\]+/', ' ', (string) $cell );
		$cell   = preg_match( "/^(?:[=+\\-@']|\xEF\xBC\x9D|\xEF\xBC\x8B|\xEF\xBC\x8D|\xEF\xBC\xA0)/", $cell ) ? "'" . $cell : $cell;
		$line[] = '"' . $cell . '"';
	}
	return implode( ',', $line ) . "\r\n";
}

/**
 * Writes the subscribers that MailPoet keeps in this database into a file for: newsletter subscribers import
 *
 * ## OPTIONS
 *
 * <file>
 * : The file to make. None is written over.
 *
 * @param array $arguments What was typed.
 */
function nashra_readers_command( $arguments ) {
	$out = @fopen( $arguments[0], 'x' ); // phpcs:ignore WordPress.PHP.NoSilencedErrors
	if ( ! $out ) {
		WP_CLI::error( 'This file is there already, or cannot be written: ' . $arguments[0] );
	}
	$rows = nashra_readers_write( $out );
	fclose( $out );
	WP_CLI::success( $rows . ' rows. Next: newsletter subscribers import ' . $arguments[0] . ' --dry-run' );
}
