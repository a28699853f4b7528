<?php
/**
 * The form as a widget, for themes with sidebars.
 *
 * @package Nashra
 */

defined( 'ABSPATH' ) || exit;

add_action( 'widgets_init', 'nashra_register_widget' );

/**
 * Tell WordPress of the widget.
 */
function nashra_register_widget() {
	register_widget( 'Nashra_Widget' );
}

/**
 * The subscribe form in a sidebar.
 */
class Nashra_Widget extends WP_Widget {

	/**
	 * Name it.
	 */
	public function __construct() {
		$told = array(
			'description'           => nashra_say( 'A form under which readers leave their address.' ),
			'show_instance_in_rest' => true,
		);
		parent::__construct( 'nashra', nashra_say( 'Subscribe to the letter' ), $told );
	}

	/**
	 * Show it.
	 *
	 * @param array $args     What the theme puts around.
	 * @param array $instance What was chosen.
	 */
	public function widget( $args, $instance ) {
		$form = nashra_form( (array) $instance );
		if ( '' !== $form ) {
			echo wp_kses_post( $args['before_widget'] ) . wp_kses( $form, nashra_form_tags() ) . wp_kses_post( $args['after_widget'] );
		}
	}

	/**
	 * What is kept of what was chosen. WordPress has looked at the nonce and at who it is.
	 *
	 * @param array $new_instance As it was sent.
	 * @param array $old_instance As it was.
	 * @return array
	 */
	public function update( $new_instance, $old_instance ) {
		$kept = nashra_form_defaults();
		foreach ( array( 'list', 'title', 'text', 'button', 'look' ) as $name ) {
			$kept[ $name ] = sanitize_text_field( isset( $new_instance[ $name ] ) ? $new_instance[ $name ] : '' );
		}
		$kept['topics'] = ! empty( $new_instance['topics'] );
		return $kept;
	}

	/**
	 * The fields to choose with.
	 *
	 * @param array $instance What was chosen.
	 */
	public function form( $instance ) {
		$now = array_merge( nashra_form_defaults(), (array) $instance );
		$this->nashra_choice( 'list', nashra_say( 'List' ), nashra_settings()['lists'], nashra_list( $now['list'] ) );
		$this->nashra_choice( 'look', nashra_say( 'Look' ), nashra_looks(), $now['look'] );
		$texts = array(
			'title'  => nashra_say( 'Heading' ),
			'text'   => nashra_say( 'Words below it' ),
			'button' => nashra_say( 'Words of the button' ),
		);
		foreach ( $texts as $name => $label ) {
			echo '<p><label for="' . esc_attr( $this->get_field_id( $name ) ) . '">' . esc_html( $label ) . '</label>';
			echo '<input class="widefat" type="text" id="' . esc_attr( $this->get_field_id( $name ) ) . '" name="';
			echo esc_attr( $this->get_field_name( $name ) ) . '" value="' . esc_attr( $now[ $name ] ) . '"></p>';
		}
		echo '<p><label><input type="checkbox" value="1" name="' . esc_attr( $this->get_field_name( 'topics' ) ) . '" ';
		checked( ! empty( $now['topics'] ) );
		echo '> ' . esc_html( nashra_say( 'Readers can choose topics' ) ) . '</label></p>';
	}

	/**
	 * One field with a few answers.
	 *
	 * @param string $name    Of the field.
	 * @param string $label   What it is called.
	 * @param array  $answers Value to what it is called.
	 * @param string $now     The one that is chosen.
	 */
	private function nashra_choice( $name, $label, $answers, $now ) {
		echo '<p><label for="' . esc_attr( $this->get_field_id( $name ) ) . '">' . esc_html( $label ) . '</label>';
		echo '<select class="widefat" id="' . esc_attr( $this->get_field_id( $name ) ) . '" name="' . esc_attr( $this->get_field_name( $name ) ) . '">';
		foreach ( $answers as $value => $title ) {
			echo '<option value="' . esc_attr( $value ) . '" ' . selected( $value, $now, false ) . '>' . esc_html( $title ) . '</option>';
		}
		echo '</select></p>';
	}
}
