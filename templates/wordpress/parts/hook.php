<?php
/**
 * What happens to posts is told to the reader pages of the newsroom: one row of a queue for each post, sent when the
 * request is over, again by WordPress' own clock, and given to the newsroom when it asks.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'wp_after_insert_post', 'nashra_saved', 10, 4 );
add_action( 'before_delete_post', 'nashra_before_deleted', 10, 2 );
add_action( 'deleted_post', 'nashra_deleted', 10, 2 );
add_action( 'nashra_send', 'nashra_send_queue', 10, 0 );
add_action( 'rest_api_init', 'nashra_register_posts_route' );

/** Begins the name of the option that holds one post to be told. One row for each: nothing is lost when many save at once. */
const NASHRA_PING = 'nashra_ping_';

/** Seconds until what could not be told is told again. */
const NASHRA_PAUSES = array( 30, 60, 120, 300, 900, 1800, 3600 );

/** Posts of one page of the signed list. */
const NASHRA_PAGE = 100;

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
	if ( 'post' !== $post->post_type || wp_is_post_revision( $post ) || wp_is_post_autosave( $post ) ) {
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
	if ( 'post' !== $post->post_type || ! in_array( $post->post_status, array( 'publish', 'private', 'trash' ), true ) ) {
		return;
	}
	$known = isset( $GLOBALS['nashra_values'][ $post_id ] ) ? $GLOBALS['nashra_values'][ $post_id ] : array();
	$row   = array(
		'before'   => (string) get_permalink( $post ),
		'status'   => 'deleted',
		'moment'   => nashra_moment(),
		'modified' => time(),
		'values'   => $known,
	);
	nashra_queue( $post_id, $row );
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
	// Something new in each row: whoever has sent the one before it does not take this one out.
	update_option( NASHRA_PING . $post_id, array( 'turn' => wp_generate_password( 12, false ) ) + $row, false );
	delete_transient( 'nashra_fate_' . $post_id );
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
		'site'   => home_url( '/' ),
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
 * Send the queue when the editor has the answer already, or else within what a save may wait.
 */
function nashra_send_after() {
	if ( function_exists( 'fastcgi_finish_request' ) ) {
		fastcgi_finish_request();
		nashra_send_queue();
	} elseif ( function_exists( 'litespeed_finish_request' ) ) {
		litespeed_finish_request();
		nashra_send_queue();
	} elseif ( 'cli' === PHP_SAPI || wp_doing_cron() ) {
		nashra_send_queue();
	} else {
		nashra_send_queue( NASHRA_SAVE_WAITS );
	}
}

/**
 * Tell everything that waits, until something cannot be told or the time is over.
 *
 * @param int $most Milliseconds for all of it; 0 for as long as it takes, within the limit of one request.
 */
function nashra_send_queue( $most = 0 ) {
	$until  = nashra_moment() + ( $most ? $most : 25000 );
	$failed = '' === nashra_key( nashra_settings()['secret'] );
	$rows   = $failed ? array() : nashra_rows();
	foreach ( $rows as $name => $value ) {
		$left   = $until - nashra_moment();
		$failed = $left < 50 || ! nashra_send_row( $name, $value, min( 3000, $left ) );
		if ( $failed ) {
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
			update_option( 'nashra_trouble', (string) $code, false );
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
 * The route that tells the newsroom what it did not hear: signed, and only to read.
 */
function nashra_register_posts_route() {
	register_rest_route(
		'nashra/v1',
		'/posts',
		array(
			'methods'             => 'GET',
			'callback'            => 'nashra_posts_route',
			'permission_callback' => 'nashra_asked_by_newsroom',
			'show_in_index'       => false,
		)
	);
}

/**
 * Whether the newsroom signed a question. What is signed is the route, which no proxy and no kind of permalinks changes.
 *
 * @param WP_REST_Request $request The question.
 */
function nashra_asked_by_newsroom( $request ) {
	$since = $request->get_param( 'since' );
	$page  = $request->get_param( 'page' );
	if ( ! is_string( $since ) || ! is_string( $page ) || ! preg_match( '/^[0-9]{1,12}$/D', $since ) || ! preg_match( '/^[0-9]{1,4}$/D', $page ) ) {
		return false;
	}
	$after = $request->get_param( 'after' );
	$said  = 'GET /nashra/v1/posts?since=' . $since . '&page=' . $page;
	if ( null !== $after ) {
		if ( ! is_string( $after ) || ! preg_match( '/^[0-9]{1,19}$/D', $after ) ) {
			return false;
		}
		$said .= '&after=' . $after;
	}
	return nashra_genuine( (string) $request->get_header( 'X-Nashra-Signature' ), $said, nashra_keys( time() ), time() );
}

/**
 * Posts by the moment of their last change and their number, as the database has them; one more than a page has.
 *
 * @param int      $since  Seconds since 1970.
 * @param int|null $after  Of those of that very second only with a number above this one; null for all of them.
 * @param int      $behind How many are passed over.
 * @return array
 */
function nashra_changed( $since, $after, $behind ) {
	global $wpdb;
	$moment = gmdate( 'Y-m-d H:i:s', $since );
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery
	return $wpdb->get_results(
		$wpdb->prepare(
			"SELECT ID, post_modified_gmt FROM {$wpdb->posts} WHERE post_type = 'post'
			AND post_status IN ( 'publish', 'private', 'draft', 'pending', 'future', 'trash' )
			AND ( post_modified_gmt > %s OR ( post_modified_gmt = %s AND ID > %d ) )
			ORDER BY post_modified_gmt, ID LIMIT %d, %d",
			$moment,
			$moment,
			null === $after ? 0 : $after,
			$behind,
			NASHRA_PAGE + 1
		)
	);
}

/**
 * What changed since a moment, a hundred posts a page, with what waits in the queue of posts that are gone. The next
 * page begins after the last post of this one, not after so many: a save in between moves all that follow.
 *
 * @param WP_REST_Request $request Signed.
 * @return WP_REST_Response
 */
function nashra_posts_route( $request ) {
	$page   = max( 1, (int) $request->get_param( 'page' ) );
	$since  = (int) $request->get_param( 'since' );
	$after  = $request->get_param( 'after' );
	$moment = nashra_moment();
	$found  = null === $after ? nashra_changed( $since, null, ( $page - 1 ) * NASHRA_PAGE ) : nashra_changed( $since, (int) $after, 0 );
	$more   = count( $found ) > NASHRA_PAGE;
	$found  = array_slice( $found, 0, NASHRA_PAGE );
	_prime_post_caches( wp_list_pluck( $found, 'ID' ), false );
	$posts = array();
	foreach ( $found as $one ) {
		$post = get_post( (int) $one->ID );
		// What was never published has no moment of its own.
		if ( $post instanceof WP_Post && ( 'publish' === $post->post_status || '0000-00-00 00:00:00' !== $post->post_date_gmt ) ) {
			$posts[] = nashra_told( $post->ID, array(), $moment );
		}
	}
	foreach ( 1 === $page && null === $after ? nashra_rows() : array() as $name => $value ) {
		$row = maybe_unserialize( $value );
		if ( isset( $row['status'] ) ) {
			$posts[] = nashra_told( (int) substr( $name, strlen( NASHRA_PING ) ), $row );
		}
	}
	$answer = array(
		'posts' => array_values( array_filter( $posts ) ),
		'more'  => $more,
	);
	if ( $found ) {
		$last           = end( $found );
		$answer['next'] = array(
			'since' => max( 0, (int) strtotime( $last->post_modified_gmt . ' UTC' ) ),
			'after' => (int) $last->ID,
		);
	}
	$response = new WP_REST_Response( $answer );
	$response->header( 'Cache-Control', 'no-store' );
	return $response;
}
