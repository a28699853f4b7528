<?php
/**
 * What became of posts is given to the newsroom when it asks, whatever it has heard.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'rest_api_init', 'nashra_register_posts_route' );

/** Posts of one page of the signed list. */
const NASHRA_PAGE = 100;

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
