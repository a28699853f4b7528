<?php
/**
 * What happens to posts is told to the reader pages of the newsroom: one row of a queue for each post, sent when the
 * request is over, and again by WordPress' own clock.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'wp_after_insert_post', 'nashra_saved', 10, 4 );
add_action( 'before_delete_post', 'nashra_before_deleted', 10, 2 );
add_action( 'deleted_post', 'nashra_deleted', 10, 2 );
add_action( 'added_post_meta', 'nashra_value_changed', 10, 3 );
add_action( 'updated_post_meta', 'nashra_value_changed', 10, 3 );
add_action( 'deleted_post_meta', 'nashra_value_changed', 10, 3 );
add_action( 'nashra_send', 'nashra_send_queue', 10, 0 );

/** Begins the name of the option that holds one post to be told. One row for each: nothing is lost when many save at once. */
const NASHRA_PING = 'nashra_ping_';

/** Seconds until what could not be told is told again. */
const NASHRA_PAUSES = array( 30, 60, 120, 300, 900, 1800, 3600 );

/** So many posts that are refused one after the other end a round: a single one holds nothing else back. */
const NASHRA_REFUSALS = 3;

/** Milliseconds that a save may wait for the reader pages where the server cannot answer the editor before. */
const NASHRA_SAVE_WAITS = 400;

/**
 * A post was saved with all that belongs to it: remember that it is to be told.
 *
 * @param int          $post_id Its number.
 * @param WP_Post      $post    As it is.
 * @param bool         $update  Whether it was there before.
 * @param WP_Post|null $before  As it was.
 */
function nashra_saved( $post_id, $post, $update, $before ) {
	if ( wp_is_post_revision( $post ) || wp_is_post_autosave( $post ) ) {
		return;
	}
	if ( 'post' !== $post->post_type ) {
		if ( $before instanceof WP_Post && 'post' === $before->post_type ) {
			// A post that was made a page, or something else: it is no article any more.
			nashra_gone( $post_id, $before, nashra_values( $post_id ) );
		}
		return;
	}
	$was     = $before instanceof WP_Post ? $before->post_status : '';
	$changes = in_array( 'publish', array( $post->post_status, $was ), true );
	$hidden  = in_array( $post->post_status, array( 'private', 'trash' ), true );
	if ( ! $changes && ! ( $hidden && in_array( $was, array( 'private', 'trash' ), true ) ) ) {
		return; // Nobody could read it, and nobody can.
	}
	// The address of what went into the trash is known only as it was.
	nashra_queue( $post_id, array( 'before' => $before instanceof WP_Post ? (string) get_permalink( $before ) : '' ) );
}

/**
 * A post is about to be deleted for good: what it says goes with it, so it is kept until the end of this request.
 *
 * @param int     $post_id Its number.
 * @param WP_Post $post    As it is.
 */
function nashra_before_deleted( $post_id, $post ) {
	if ( 'post' === $post->post_type ) {
		$GLOBALS['nashra_values'][ $post_id ] = nashra_values( $post_id );
	}
}

/**
 * A post was deleted for good.
 *
 * @param int     $post_id Its number.
 * @param WP_Post $post    As it was.
 */
function nashra_deleted( $post_id, $post ) {
	if ( 'post' === $post->post_type ) {
		nashra_gone( $post_id, $post, isset( $GLOBALS['nashra_values'][ $post_id ] ) ? $GLOBALS['nashra_values'][ $post_id ] : array() );
	}
}

/**
 * There is no such post any more: remember that it is to be told, where it was one that anybody had read.
 *
 * @param int     $post_id Its number.
 * @param WP_Post $post    As it was.
 * @param array   $values  What its editors said of it for the letter.
 */
function nashra_gone( $post_id, $post, $values ) {
	if ( in_array( $post->post_status, array( 'publish', 'private', 'trash' ), true ) ) {
		$row = array(
			'before'   => (string) get_permalink( $post ),
			'status'   => 'deleted',
			'moment'   => nashra_moment(),
			'modified' => time(),
			'values'   => $values,
		);
		nashra_queue( $post_id, $row );
	}
}

/**
 * A value of the box was changed on its own, as custom fields and other programs do: no save follows that would tell it.
 *
 * @param int|int[] $meta_id Its row, or rows.
 * @param int       $post_id The post.
 * @param string    $key     Its name.
 */
function nashra_value_changed( $meta_id, $post_id, $key ) {
	$is_ours = 0 === strpos( (string) $key, 'nashra_' ) && array_key_exists( substr( $key, 7 ), nashra_box_values() );
	$post    = $is_ours ? get_post( $post_id ) : null;
	// Where a save belongs to it, that one puts its own row over this one.
	if ( $post instanceof WP_Post && 'post' === $post->post_type && 'publish' === $post->post_status ) {
		nashra_queue( $post_id, array( 'before' => '' ) );
	}
}

/**
 * Milliseconds since 1970.
 */
function nashra_moment() {
	return (int) round( microtime( true ) * 1000 );
}

/**
 * Put a post into the queue, and send the queue when this request is over.
 *
 * @param int   $post_id Its number.
 * @param array $row     What cannot be read from the post any more.
 */
function nashra_queue( $post_id, $row ) {
	global $wpdb;
	$name = NASHRA_PING . $post_id;
	// Something new in each row: whoever has sent the one before it does not take this one out.
	$value = maybe_serialize( array( 'turn' => wp_generate_password( 12, false ) ) + $row );
	// In one step, and past all caches: update_option() changes nothing where another process has just sent the row that
	// this one still knows.
	// phpcs:disable WordPress.DB.DirectDatabaseQuery
	$wpdb->query(
		$wpdb->prepare(
			"INSERT INTO {$wpdb->options} (option_name, option_value, autoload) VALUES (%s, %s, 'no')
			ON DUPLICATE KEY UPDATE option_value = VALUES(option_value)",
			$name,
			$value
		)
	);
	// phpcs:enable
	wp_cache_delete( $name, 'options' );
	delete_transient( 'nashra_fate_' . $post_id );
	// Programs that write the same post to several sites of a network do it in one request.
	$GLOBALS['nashra_sites'][ get_current_blog_id() ] = true;
	if ( ! has_action( 'shutdown', 'nashra_send_after' ) ) {
		add_action( 'shutdown', 'nashra_send_after' );
	}
}

/**
 * What the editors say of a post for the letter.
 *
 * @param int $post_id Its number.
 * @return array
 */
function nashra_values( $post_id ) {
	$values = array();
	foreach ( array( 'letter', 'headline', 'summary', 'section', 'at_once', 'correction' ) as $name ) {
		$values[ $name ] = (string) get_post_meta( $post_id, 'nashra_' . $name, true );
	}
	return $values;
}

/**
 * What is told of a post: how it stands now.
 *
 * @param int   $post_id Its number.
 * @param array $row     Of the queue.
 * @param int   $moment  Before the post was read; 0 when it is to be read now.
 * @return array|null Null when there is nothing to tell.
 */
function nashra_told( $post_id, $row, $moment = 0 ) {
	if ( ! $moment ) {
		// First the clock, then the post as the database has it: what another process saves in between is the later word.
		$moment = nashra_moment();
		wp_cache_delete( $post_id, 'posts' );
		wp_cache_delete( $post_id, 'post_meta' );
	}
	$told = array(
		'id'     => bin2hex( random_bytes( 16 ) ),
		'site'   => nashra_site(),
		'post'   => (int) $post_id,
		'before' => isset( $row['before'] ) ? (string) $row['before'] : '',
	);
	$post = get_post( $post_id );
	if ( $post instanceof WP_Post && 'post' === $post->post_type ) {
		return $told + array(
			'status'   => $post->post_status,
			'password' => '' !== (string) $post->post_password,
			'address'  => (string) get_permalink( $post ),
			'modified' => max( 0, (int) strtotime( $post->post_modified_gmt . ' UTC' ) ),
			'moment'   => $moment,
			'values'   => nashra_values( $post_id ),
		);
	}
	if ( ! isset( $row['status'] ) ) {
		return null;
	}
	return $told + array(
		'status'   => $row['status'],
		'password' => false,
		'address'  => $told['before'],
		'modified' => (int) $row['modified'],
		'moment'   => (int) $row['moment'],
		'values'   => (object) $row['values'],
	);
}

/**
 * The queue, oldest first: name of the option to its row. Read past all caches: other processes write it too.
 *
 * @return array
 */
function nashra_rows() {
	global $wpdb;
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery
	$found = $wpdb->get_results(
		$wpdb->prepare(
			"SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id LIMIT 200",
			$wpdb->esc_like( NASHRA_PING ) . '%'
		)
	);
	$rows  = array();
	foreach ( $found as $one ) {
		$rows[ $one->option_name ] = $one->option_value;
	}
	return $rows;
}

/**
 * Send the queue of each site that has something new when the editor has the answer already, or else within what a
 * save may wait.
 */
function nashra_send_after() {
	$most = 0;
	if ( function_exists( 'fastcgi_finish_request' ) ) {
		fastcgi_finish_request();
	} elseif ( function_exists( 'litespeed_finish_request' ) ) {
		litespeed_finish_request();
	} elseif ( 'cli' !== PHP_SAPI && ! wp_doing_cron() ) {
		$most = NASHRA_SAVE_WAITS;
	}
	$until = nashra_moment() + $most;
	foreach ( array_keys( $GLOBALS['nashra_sites'] ) as $site ) {
		$is_other = get_current_blog_id() !== $site;
		$is_other && switch_to_blog( $site );
		nashra_send_queue( $most ? max( 1, $until - nashra_moment() ) : 0 );
		$is_other && restore_current_blog();
	}
}

/**
 * Tell everything that waits, until the pages do not answer, refuse several in a row, or the time is over.
 *
 * @param int $most Milliseconds for all of it; 0 for as long as it takes, within the limit of one request.
 */
function nashra_send_queue( $most = 0 ) {
	$until  = nashra_moment() + ( $most ? $most : 25000 );
	$failed = '' === nashra_key( nashra_settings()['secret'] );
	$rows   = $failed ? array() : nashra_rows();
	$refused = 0;
	foreach ( $rows as $name => $value ) {
		$left   = $until - nashra_moment();
		$told   = $left >= 50 && nashra_send_row( $name, $value, min( 3000, $left ) );
		$failed = $failed || ! $told;
		$refused = $told ? 0 : $refused + 1;
		// Who refuses one, as a firewall does for its words, may take the next; who does not answer takes none.
		if ( ! $told && ( $left < 50 || $refused >= NASHRA_REFUSALS || ! is_numeric( get_option( 'nashra_trouble', '' ) ) ) ) {
			break;
		}
	}
	if ( $rows && ! $failed ) {
		delete_option( 'nashra_tries' );
		delete_option( 'nashra_trouble' );
	}
	if ( ! nashra_rows() ) {
		return;
	}
	$tries = $failed ? (int) get_option( 'nashra_tries', 0 ) : 0;
	if ( $failed ) {
		update_option( 'nashra_tries', $tries + 1, false );
	}
	// The answer of wp_schedule_single_event says nothing: within ten minutes the same event is refused in silence.
	if ( ! wp_next_scheduled( 'nashra_send' ) ) {
		$pauses = NASHRA_PAUSES;
		wp_schedule_single_event( time() + $pauses[ min( $tries, count( $pauses ) - 1 ) ], 'nashra_send' );
	}
}

/**
 * Tell one post; true when there is nothing left to tell of it.
 *
 * @param string $name  Of its option.
 * @param string $value Of its option, as the database has it.
 * @param int    $most  Milliseconds.
 */
function nashra_send_row( $name, $value, $most ) {
	global $wpdb;
	$row  = maybe_unserialize( $value );
	$told = nashra_told( (int) substr( $name, strlen( NASHRA_PING ) ), is_array( $row ) ? $row : array() );
	if ( null !== $told ) {
		$body    = (string) wp_json_encode( $told );
		$headers = array(
			'Content-Type'       => 'application/json',
			'X-Nashra-Signature' => nashra_signature( $body, nashra_key( nashra_settings()['secret'] ), time() ),
		);
		$limit   = static function ( $handle ) use ( $most ) {
			// Without this, seconds are the smallest that curl is told.
			// phpcs:disable WordPress.WP.AlternativeFunctions
			curl_setopt( $handle, CURLOPT_NOSIGNAL, 1 );
			curl_setopt( $handle, CURLOPT_TIMEOUT_MS, $most );
			curl_setopt( $handle, CURLOPT_CONNECTTIMEOUT_MS, $most );
			// phpcs:enable
		};
		add_action( 'http_api_curl', $limit );
		// The address is the operator's, not a visitor's: it may be of this machine, and leads nowhere else.
		$answer = wp_remote_post(
			nashra_settings()['pages'] . '/hooks/wordpress',
			array(
				'timeout'     => $most / 1000,
				'redirection' => 0,
				'headers'     => $headers,
				'body'        => $body,
			)
		);
		remove_action( 'http_api_curl', $limit );
		$code = is_wp_error( $answer ) ? $answer->get_error_code() : wp_remote_retrieve_response_code( $answer );
		if ( 200 !== $code ) {
			update_option( 'nashra_trouble', 403 === $code && nashra_clocks_differ( $answer ) ? 'clocks' : (string) $code, false );
		}
		if ( ! in_array( $code, array( 200, 400, 413 ), true ) ) {
			return false;
		}
	}
	// Only as it was read: what was saved meanwhile is told next.
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery
	$wpdb->query( $wpdb->prepare( "DELETE FROM {$wpdb->options} WHERE option_name = %s AND option_value = %s", $name, $value ) );
	wp_cache_delete( $name, 'options' );
	return true;
}

/**
 * Whether the clock of who answers is so far from ours that no signature of ours counts there.
 *
 * @param array $answer Of WordPress' own HTTP.
 * @return bool
 */
function nashra_clocks_differ( $answer ) {
	$there = strtotime( (string) wp_remote_retrieve_header( $answer, 'date' ) );
	return $there && abs( time() - $there ) > NASHRA_WINDOW;
}
