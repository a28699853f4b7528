<?php
/**
 * The subscribe form: a plain form that posts to the reader pages. No script, no cookie, no nonce: any page cache may
 * keep it. It is in no feed and in no answer of the REST interface.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'init', 'nashra_register_form' );
add_action( 'wp_enqueue_scripts', 'nashra_style_early' );
add_filter( 'the_content', 'nashra_after_post', 20 );
add_action( 'wp_footer', 'nashra_in_footer', 5 );

/**
 * What a form can be told, with what it says by itself.
 *
 * @return array
 */
function nashra_form_defaults() {
	return array(
		'list'   => '',
		'title'  => '',
		'text'   => '',
		'button' => '',
		'topics' => false,
		'look'   => 'card',
	);
}

/**
 * Name a look of the form to what it is called.
 *
 * @return array
 */
function nashra_looks() {
	return array(
		'card'  => nashra_say( 'With a frame' ),
		'band'  => nashra_say( 'With the colour of the letter' ),
		'plain' => nashra_say( 'Plain' ),
	);
}

/**
 * Tell WordPress of the block, the shortcode and the style.
 */
function nashra_register_form() {
	$settings = nashra_settings();
	wp_register_style( 'nashra-form', plugins_url( 'form.css', NASHRA_FILE ), array(), $settings['version'] );
	$needs = array( 'wp-blocks', 'wp-element', 'wp-components', 'wp-block-editor', 'wp-server-side-render' );
	wp_register_script( 'nashra-editor', plugins_url( 'editor.js', NASHRA_FILE ), $needs, $settings['version'], true );
	$topics = array_map( 'array_values', $settings['topics'] );
	$told   = array(
		'lists'  => $settings['lists'],
		'topics' => $topics,
		'looks'  => nashra_looks(),
		'words'  => $settings['words'],
	);
	wp_add_inline_script( 'nashra-editor', nashra_script_data( 'nashraForm', $told ), 'before' );
	$attributes = array();
	foreach ( nashra_form_defaults() as $name => $value ) {
		$attributes[ $name ] = array(
			'type'    => is_bool( $value ) ? 'boolean' : 'string',
			'default' => $value,
		);
	}
	register_block_type(
		'nashra/subscribe',
		array(
			'api_version'     => 3,
			'title'           => nashra_say( 'Subscribe to the letter' ),
			'description'     => nashra_say( 'A form under which readers leave their address.' ),
			'category'        => 'widgets',
			'icon'            => 'email',
			'keywords'        => array( 'nashra', 'newsletter', nashra_say( 'newsletter' ) ),
			'attributes'      => $attributes,
			'supports'        => array(
				'html'  => false,
				'align' => array( 'wide', 'full' ),
			),
			'style'           => 'nashra-form',
			'editor_script'   => 'nashra-editor',
			'render_callback' => 'nashra_block',
		)
	);
	add_shortcode( 'nashra_subscribe', 'nashra_shortcode' );
}

/**
 * The style in the head, where a form is to come: else it would come behind it, and the page would jump.
 */
function nashra_style_early() {
	$post = is_singular() ? get_post() : null;
	if ( 'footer' === nashra_place() || ( 'post' === nashra_place() && is_singular( nashra_post_types() ) )
		|| ( $post && has_shortcode( $post->post_content, 'nashra_subscribe' ) ) || is_active_widget( false, false, 'nashra' ) ) {
		wp_enqueue_style( 'nashra-form' );
	}
}

/**
 * Where the form stands by itself: under each post, in the footer, or nowhere.
 *
 * @return string
 */
function nashra_place() {
	$place = get_option( 'nashra_place', 'post' );
	return in_array( $place, array( 'post', 'footer', 'none' ), true ) ? $place : 'post';
}

/**
 * Kinds of posts under which the form stands by itself.
 *
 * @return array
 */
function nashra_post_types() {
	$types = array_filter( (array) apply_filters( 'nashra_post_types', array( 'post' ) ), 'is_string' );
	// To WordPress, no kind at all means every kind.
	return $types ? $types : array( 'none' );
}

/**
 * The block.
 *
 * @param array $attributes As they stand in the post.
 * @return string
 */
function nashra_block( $attributes ) {
	$form = nashra_form( $attributes );
	// Outside a block of ours the attributes would be those of the block around.
	$name = isset( WP_Block_Supports::$block_to_render['blockName'] ) ? WP_Block_Supports::$block_to_render['blockName'] : '';
	if ( '' === $form || 'nashra/subscribe' !== $name ) {
		return $form;
	}
	return '<div ' . get_block_wrapper_attributes() . '>' . $form . '</div>';
}

/**
 * The shortcode [nashra_subscribe list="…" title="…" text="…" button="…" topics="yes" look="card"].
 *
 * @param array|string $attributes As they were typed.
 * @return string
 */
function nashra_shortcode( $attributes ) {
	$attributes           = shortcode_atts( nashra_form_defaults(), $attributes, 'nashra_subscribe' );
	$attributes['topics'] = in_array( strtolower( (string) $attributes['topics'] ), array( 'yes', 'true', '1' ), true );
	return nashra_form( $attributes );
}

/**
 * The form behind a post's text, where it has none of its own.
 *
 * @param string $content Of the post.
 * @return string
 */
function nashra_after_post( $content ) {
	// The filter runs for excerpts, feeds, lists and the interface too: only the article itself is all of these.
	if ( 'post' !== nashra_place() || is_admin() || ! is_singular( nashra_post_types() ) || ! in_the_loop() || ! is_main_query()
		|| get_the_ID() !== get_queried_object_id() || doing_filter( 'get_the_excerpt' ) || post_password_required() ) {
		return $content;
	}
	$text = (string) get_post()->post_content;
	if ( has_block( 'nashra/subscribe', $text ) || has_shortcode( $text, 'nashra_subscribe' )
		|| false !== strpos( $content, 'class="nashra-form ' ) ) {
		return $content;
	}
	return $content . nashra_form( array() );
}

/**
 * The form at the end of a page that has none yet.
 */
function nashra_in_footer() {
	if ( 'footer' === nashra_place() && ! is_admin() && 0 === nashra_form_number() ) {
		echo '<div class="nashra-foot">' . wp_kses( nashra_form( array() ), nashra_form_tags() ) . '</div>';
	}
}

/**
 * How many forms the page has so far.
 *
 * @param int $more To add first.
 * @return int
 */
function nashra_form_number( $more = 0 ) {
	static $number = 0;
	$number       += $more;
	return $number;
}

/**
 * Whether a form would be dead or one of many here: in a feed, in a frame of another site, in an answer of the REST
 * interface other than the editor's preview, in a post that stands in a list, on an AMP page.
 *
 * @return bool
 */
function nashra_form_is_dead() {
	if ( defined( 'REST_REQUEST' ) && REST_REQUEST ) {
		$route = isset( $GLOBALS['wp']->query_vars['rest_route'] ) ? (string) $GLOBALS['wp']->query_vars['rest_route'] : '';
		return 0 !== strpos( $route, '/wp/v2/block-renderer/' ) && 0 !== strpos( $route, '/wp/v2/widget-types/' );
	}
	if ( is_feed() || is_embed() ) {
		return true;
	}
	// Themes that show whole posts in a list: each would bring its own form, and all of them the same one.
	if ( doing_filter( 'the_content' ) && ( ! is_singular() || get_the_ID() !== get_queried_object_id() ) ) {
		return true;
	}
	return function_exists( 'amp_is_request' ) && did_action( 'wp' ) && amp_is_request();
}

/**
 * The form. It is one line, so that nothing that breaks lines into paragraphs finds one.
 *
 * @param array $wanted As nashra_form_defaults() has it.
 * @return string Escaped HTML; empty where a form would be dead.
 */
function nashra_form( $wanted ) {
	if ( nashra_form_is_dead() ) {
		return '';
	}
	wp_enqueue_style( 'nashra-form' );
	$settings = nashra_settings();
	$wanted   = array_merge( nashra_form_defaults(), array_intersect_key( (array) $wanted, nashra_form_defaults() ) );
	$list     = nashra_list( $wanted['list'] );
	$look     = array_key_exists( $wanted['look'], nashra_looks() ) ? $wanted['look'] : 'card';
	$id       = 'nashra-' . nashra_form_number( 1 );
	$title    = nashra_own( $wanted['title'], nashra_say( 'More of {name}, in your inbox', array( 'name' => $settings['name'] ) ) );
	$text     = nashra_own( $wanted['text'], nashra_say( 'Leave your address and our latest posts come to you by email.' ) );
	$button   = nashra_own( $wanted['button'], nashra_say( 'Subscribe me' ) );
	$parts    = array(
		'<div class="nashra-form nashra-look-' . esc_attr( $look ) . '"' . nashra_tongue() . '>',
		'<form method="post" accept-charset="utf-8" action="' . esc_url( $settings['pages'] . '/subscribe' ) . '"',
		' aria-labelledby="' . esc_attr( $id ) . '-title">',
		'<p class="nashra-title" id="' . esc_attr( $id ) . '-title">' . esc_html( $title ) . '</p>',
		'<p class="nashra-text">' . esc_html( $text ) . '</p>',
		'<input type="hidden" name="list" value="' . esc_attr( $list ) . '">',
		'<input type="hidden" name="back" value="' . esc_url( nashra_back() ) . '">',
		'<div class="nashra-row"><div class="nashra-field">',
		'<label for="' . esc_attr( $id ) . '-email">' . esc_html( nashra_say( 'Your email address' ) ) . '</label>',
		'<input id="' . esc_attr( $id ) . '-email" name="email" type="email" dir="ltr" required maxlength="254"',
		' autocomplete="email" inputmode="email" placeholder="name@example.com"></div>',
		'<button type="submit" class="nashra-button wp-block-button__link wp-element-button">' . esc_html( $button ) . '</button></div>',
		'<p class="nashra-trap" aria-hidden="true"><label for="' . esc_attr( $id ) . '-website">',
		esc_html( nashra_say( 'Leave this empty' ) ) . '</label>',
		'<input id="' . esc_attr( $id ) . '-website" name="website" type="text" tabindex="-1" autocomplete="off"></p>',
		$wanted['topics'] ? nashra_form_topics( $list ) : '',
		'<p class="nashra-small">' . esc_html( nashra_say( 'Your address is used for this letter only, and one click ends it.' ) ) . '</p>',
		'</form></div>',
	);
	return implode( '', $parts );
}

/**
 * The topics of a list to tick, as the reader pages understand them.
 *
 * @param string $list_name Of the list.
 * @return string
 */
function nashra_form_topics( $list_name ) {
	$settings = nashra_settings();
	if ( empty( $settings['topics'][ $list_name ] ) ) {
		return '';
	}
	$html  = '<fieldset class="nashra-topics"><legend>' . esc_html( nashra_say( 'Topics' ) ) . '</legend>';
	$html .= '<input type="hidden" name="topics" value="' . esc_attr( $list_name ) . '">';
	foreach ( $settings['topics'][ $list_name ] as $bit => $title ) {
		$html .= '<label class="nashra-topic"><input type="checkbox" name="' . esc_attr( 'topic-' . $list_name ) . '"';
		$html .= ' value="' . esc_attr( (string) $bit ) . '" checked> ' . esc_html( $title ) . '</label>';
	}
	return $html . '</fieldset>';
}

/**
 * A list that there is: the one that is named, else this site's own, else the first.
 *
 * @param string $wanted Its name.
 * @return string
 */
function nashra_list( $wanted ) {
	$lists = nashra_settings()['lists'];
	foreach ( array( $wanted, get_option( 'nashra_list', '' ) ) as $name ) {
		if ( is_string( $name ) && isset( $lists[ $name ] ) ) {
			return $name;
		}
	}
	return (string) key( $lists );
}

/**
 * Words of one's own, or ours when there are none.
 *
 * @param mixed  $own As an editor typed them.
 * @param string $ours What stands there else.
 * @return string
 */
function nashra_own( $own, $ours ) {
	$plain = is_string( $own ) ? trim( wp_strip_all_tags( $own ) ) : '';
	return '' === $plain ? $ours : $plain;
}

/**
 * The page that readers come back to afterwards: the same for everybody who sees this page, as caches want it.
 *
 * @return string
 */
function nashra_back() {
	$address = is_singular() ? get_permalink( get_queried_object_id() ) : '';
	return $address ? $address : home_url( '/' );
}

/**
 * The tags and attributes of the form, for wp_kses().
 *
 * @return array
 */
function nashra_form_tags() {
	$all  = array_fill_keys( array( 'class', 'id', 'lang', 'dir', 'for', 'aria-labelledby', 'aria-hidden' ), true );
	$more = array( 'name', 'type', 'value', 'required', 'maxlength', 'autocomplete', 'inputmode', 'placeholder', 'tabindex', 'checked' );
	return array(
		'form'     => $all + array_fill_keys( array( 'method', 'action', 'accept-charset' ), true ),
		'input'    => $all + array_fill_keys( $more, true ),
		'button'   => $all + array( 'type' => true ),
		'div'      => $all,
		'p'        => $all,
		'label'    => $all,
		'fieldset' => $all,
		'legend'   => $all,
	);
}
