<?php
/**
 * The box beside a post: what its editors want in the letter, and what became of it there.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'enqueue_block_editor_assets', 'nashra_enqueue_box' );
add_action( 'admin_enqueue_scripts', 'nashra_enqueue_classic_box' );
add_action( 'add_meta_boxes_post', 'nashra_add_box' );
add_action( 'save_post_post', 'nashra_save_box', 10, 2 );
add_action( 'rest_api_init', 'nashra_register_fate_route' );

/**
 * What the script of the box knows.
 *
 * @return array
 */
function nashra_box_told() {
	$settings = nashra_settings();
	$words    = array();
	foreach ( nashra_box_words() as $text ) {
		$words[ $text ] = nashra_say( $text );
	}
	return array(
		'words'     => $words,
		'sections'  => array_values( $settings['sections'] ),
		'publishes' => current_user_can( 'publish_posts' ),
		'language'  => $settings['language'],
		'dir'       => $settings['direction'],
	);
}

/**
 * The words of the box.
 *
 * @return string[]
 */
function nashra_box_words() {
	return array(
		'Newsletter',
		'In the letter',
		'As the rules say',
		'Yes',
		'No',
		'Yes, and it leads',
		'Headline in the letter',
		'Summary in the letter',
		'Section in the letter',
		'Empty: as in the post.',
		'As in the post',
		'Send at once to those who read at once',
		'Correction',
		'A note in the next letter, for those who had it before.',
		'What became of it',
	);
}

/**
 * Tell the browser of the script, with what it knows.
 *
 * @param string[] $needs Handles of WordPress.
 */
function nashra_box_script( $needs ) {
	wp_enqueue_script( 'nashra-box', plugins_url( 'box.js', NASHRA_FILE ), $needs, nashra_settings()['version'], true );
	wp_add_inline_script( 'nashra-box', nashra_script_data( 'nashraBox', nashra_box_told() ), 'before' );
}

/**
 * The panel of the block editor, for posts alone.
 */
function nashra_enqueue_box() {
	$screen = get_current_screen();
	if ( $screen && 'post' === $screen->base && 'post' === $screen->post_type ) {
		nashra_box_script( array( 'wp-plugins', 'wp-element', 'wp-components', 'wp-data', 'wp-editor', 'wp-edit-post', 'wp-api-fetch' ) );
	}
}

/**
 * The classic editor needs the script only to say what became of the post.
 *
 * @param string $page Of wp-admin.
 */
function nashra_enqueue_classic_box( $page ) {
	$screen = get_current_screen();
	if ( in_array( $page, array( 'post.php', 'post-new.php' ), true ) && 'post' === $screen->post_type && ! $screen->is_block_editor() ) {
		nashra_box_script( array( 'wp-api-fetch' ) );
	}
}

/**
 * The box of the classic editor; the block editor has the panel instead, and must not have both.
 */
function nashra_add_box() {
	$only_classic = array( '__back_compat_meta_box' => true );
	add_meta_box( 'nashra-box', nashra_say( 'Newsletter' ), 'nashra_box', 'post', 'side', 'default', $only_classic );
}

/**
 * One field of the box of the classic editor.
 *
 * @param WP_Post $post  The post.
 * @param string  $name  Of the value.
 * @param string  $label In English.
 * @param array   $more  Answers to choose from (value => English), or 'area', or nothing for one line.
 */
function nashra_box_field( $post, $name, $label, $more = array() ) {
	$id    = 'nashra-' . $name;
	$value = (string) get_post_meta( $post->ID, 'nashra_' . $name, true );
	echo '<p><label for="', esc_attr( $id ), '"><strong>', esc_html( nashra_say( $label ) ), '</strong></label><br>';
	if ( array( 'area' ) === $more ) {
		echo '<textarea class="widefat" rows="3" dir="auto" id="', esc_attr( $id ), '" name="', esc_attr( 'nashra_' . $name ), '">', esc_textarea( $value ), '</textarea>';
	} elseif ( $more ) {
		echo '<select class="widefat" id="', esc_attr( $id ), '" name="', esc_attr( 'nashra_' . $name ), '">';
		foreach ( $more as $one => $text ) {
			echo '<option value="', esc_attr( $one ), '"', selected( $value, (string) $one, false ), '>', esc_html( $text ), '</option>';
		}
		echo '</select>';
	} else {
		echo '<input type="text" class="widefat" dir="auto" id="', esc_attr( $id ), '" name="', esc_attr( 'nashra_' . $name ), '" value="', esc_attr( $value ), '">';
	}
	echo '</p>';
}

/**
 * The sections that can be chosen: value to what it is called.
 *
 * @param string $now What is chosen.
 * @return array Empty when any text may be typed.
 */
function nashra_box_sections( $now ) {
	$known = nashra_settings()['sections'];
	if ( ! $known ) {
		return array();
	}
	$answers = array( '' => nashra_say( 'As in the post' ) );
	foreach ( $known as $one ) {
		$answers[ $one ] = $one;
	}
	return '' === $now ? $answers : $answers + array( $now => $now );
}

/**
 * The box of the classic editor.
 *
 * @param WP_Post $post The post.
 */
function nashra_box( $post ) {
	wp_nonce_field( 'nashra_box_' . $post->ID, 'nashra_box' );
	$answers = array(
		''     => nashra_say( 'As the rules say' ),
		'yes'  => nashra_say( 'Yes' ),
		'lead' => nashra_say( 'Yes, and it leads' ),
		'no'   => nashra_say( 'No' ),
	);
	if ( ! nashra_may_change( 'letter', $post->ID, 'lead' ) ) {
		unset( $answers['lead'] );
	}
	// phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- attributes, escaped where they are made.
	echo '<div', nashra_tongue(), '>';
	nashra_box_field( $post, 'letter', 'In the letter', $answers );
	nashra_box_field( $post, 'headline', 'Headline in the letter' );
	nashra_box_field( $post, 'summary', 'Summary in the letter', array( 'area' ) );
	$section = (string) get_post_meta( $post->ID, 'nashra_section', true );
	nashra_box_field( $post, 'section', 'Section in the letter', nashra_box_sections( $section ) );
	if ( current_user_can( 'publish_posts' ) ) {
		$is_set = 'yes' === get_post_meta( $post->ID, 'nashra_at_once', true );
		echo '<p><label><input type="checkbox" name="nashra_at_once" value="yes"', checked( $is_set, true, false ), '> ';
		echo esc_html( nashra_say( 'Send at once to those who read at once' ) ), '</label></p>';
		nashra_box_field( $post, 'correction', 'Correction', array( 'area' ) );
		echo '<p class="description">', esc_html( nashra_say( 'A note in the next letter, for those who had it before.' ) ), '</p>';
	}
	echo '<div class="nashra-fate" data-post="', esc_attr( (string) $post->ID ), '"></div></div>';
}

/**
 * Keep what the box of the classic editor says. Quick edit and bulk edit have no box, so they change nothing.
 *
 * @param int     $post_id The post.
 * @param WP_Post $post    As it was saved.
 */
function nashra_save_box( $post_id, $post ) {
	if ( wp_is_post_autosave( $post ) || wp_is_post_revision( $post ) || ! isset( $_POST['nashra_box'] ) ) {
		return;
	}
	$nonce = sanitize_text_field( wp_unslash( $_POST['nashra_box'] ) );
	if ( ! wp_verify_nonce( $nonce, 'nashra_box_' . $post_id ) || ! current_user_can( 'edit_post', $post_id ) ) {
		return;
	}
	foreach ( array_keys( nashra_box_values() ) as $name ) {
		if ( ! nashra_may_set( $name, $post_id ) ) {
			continue;
		}
		// phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- each by its own rule.
		$value = nashra_clean_value( $name, isset( $_POST[ 'nashra_' . $name ] ) ? wp_unslash( $_POST[ 'nashra_' . $name ] ) : '' );
		if ( ! nashra_may_change( $name, $post_id, $value ) ) {
			continue;
		}
		if ( '' === $value ) {
			delete_post_meta( $post_id, 'nashra_' . $name );
		} else {
			update_post_meta( $post_id, 'nashra_' . $name, wp_slash( $value ) );
		}
	}
}

/**
 * The route that the box asks what became of a post.
 */
function nashra_register_fate_route() {
	register_rest_route(
		'nashra/v1',
		'/fate/(?P<id>\d+)',
		array(
			'methods'             => 'GET',
			'callback'            => 'nashra_fate_route',
			'permission_callback' => static function ( $request ) {
				return current_user_can( 'edit_post', (int) $request['id'] );
			},
			'show_in_index'       => false,
		)
	);
}

/**
 * Sentences on what became of a post, kept for a while.
 *
 * @param WP_REST_Request $request With the number of the post.
 * @return WP_REST_Response
 */
function nashra_fate_route( $request ) {
	$id    = (int) $request['id'];
	$lines = get_transient( 'nashra_fate_' . $id );
	if ( ! is_array( $lines ) ) {
		$place = substr( hash( 'sha256', nashra_site() ), 0, 16 );
		$found = nashra_fetch( '/hooks/wordpress/posts/' . $place . '/' . $id );
		$lines = null === $found ? array( nashra_say( 'The newsletter does not answer now.' ) ) : nashra_fate( $found );
		// What went out stays; what has not may go any moment.
		set_transient( 'nashra_fate_' . $id, $lines, empty( $found['letters'] ) ? 60 : 600 );
	}
	$trouble = nashra_trouble();
	return new WP_REST_Response( array( 'lines' => '' === $trouble ? $lines : array_merge( array( $trouble ), $lines ) ) );
}

/**
 * What became of a post, line by line.
 *
 * @param array $found As the reader pages gave it.
 * @return string[]
 */
function nashra_fate( $found ) {
	$lines = array();
	foreach ( isset( $found['letters'] ) && is_array( $found['letters'] ) ? $found['letters'] : array() as $one ) {
		$parts = array(
			'issue' => isset( $one['issue'] ) ? nashra_digits( $one['issue'] ) : '',
			'n'     => nashra_digits( number_format( isset( $one['letters'] ) ? (int) $one['letters'] : 0 ) ),
		);
		if ( '' !== $parts['issue'] ) {
			$lines[] = nashra_say( 'Issue {issue}, letters: {n}', $parts );
		} elseif ( isset( $one['rhythm'] ) && 'daily' === $one['rhythm'] ) {
			$lines[] = nashra_say( 'The daily letter, letters: {n}', $parts );
		} else {
			$lines[] = nashra_say( 'At once, letters: {n}', $parts );
		}
	}
	return $lines ? $lines : array( nashra_say( 'In no letter so far.' ) );
}

/**
 * A number in the digits of the letter.
 *
 * @param string $text With Latin digits.
 * @return string
 */
function nashra_digits( $text ) {
	if ( 'arabic-indic' !== nashra_settings()['digits'] ) {
		return (string) $text;
	}
	$persian = 0 === strpos( nashra_settings()['language'], 'fa' );
	$own     = $persian ? '۰۱۲۳۴۵۶۷۸۹' : '٠١٢٣٤٥٦٧٨٩';
	return strtr( (string) $text, array_combine( str_split( '0123456789' ), preg_split( '//u', $own, -1, PREG_SPLIT_NO_EMPTY ) ) );
}

/**
 * Why the last save could not be told, in words; '' when it could.
 *
 * @return string
 */
function nashra_trouble() {
	$code = (string) get_option( 'nashra_trouble', '' );
	if ( '' === $code ) {
		return '';
	}
	if ( 'http_request_not_executed' === $code ) {
		$host = (string) wp_parse_url( nashra_settings()['pages'], PHP_URL_HOST );
		$parts = array(
			'host'    => $host,
			'setting' => 'WP_ACCESSIBLE_HOSTS (wp-config.php)',
		);
		return nashra_say( 'This WordPress may not ask other servers: add {host} to {setting}.', $parts );
	}
	if ( 'clocks' === $code ) {
		return nashra_say( 'The clocks of this site and of the newsletter differ by more than five minutes: set them right.' );
	}
	if ( in_array( $code, array( '403', '404' ), true ) ) {
		return nashra_say( 'The newsletter does not know the key of this plugin: make it anew and put it up.' );
	}
	return nashra_say( 'The newsletter could not be told so far; it is tried again by itself.' );
}
