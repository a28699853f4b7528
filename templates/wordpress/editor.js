/* The block nashra/subscribe in the editor: what to choose beside it, and the form as readers see it. No build. */
( function ( wp, told ) {
	'use strict';
	if ( ! wp || ! wp.blocks || ! told ) {
		return;
	}
	var el = wp.element.createElement;
	var parts = wp.components;
	var Preview = wp.serverSideRender.ServerSideRender || wp.serverSideRender;

	function say( text ) {
		return told.words[ text ] || text;
	}

	function answers( found ) {
		return Object.keys( found ).map( function ( value ) {
			return { value: value, label: found[ value ] };
		} );
	}

	function edit( props ) {
		var now = props.attributes;

		// Newer WordPress warns without these two, older ones do not know them.
		function field( kind, name, label, more ) {
			var given = {
				key: name,
				label: label,
				onChange: function ( value ) {
					var change = {};
					change[ name ] = value;
					props.setAttributes( change );
				},
				__nextHasNoMarginBottom: true,
			};
			if ( kind === parts.ToggleControl ) {
				given.checked = now[ name ];
			} else {
				given.value = now[ name ];
			}
			if ( kind === parts.SelectControl || kind === parts.TextControl ) {
				given.__next40pxDefaultSize = true;
			}
			return el( kind, Object.assign( given, more || {} ) );
		}

		var list = told.lists[ now.list ] ? now.list : Object.keys( told.lists )[ 0 ];
		var fields = [];
		if ( Object.keys( told.lists ).length > 1 ) {
			fields.push( field( parts.SelectControl, 'list', say( 'List' ), { options: answers( told.lists ), value: list } ) );
		}
		fields.push( field( parts.TextControl, 'title', say( 'Heading' ), { help: say( 'Empty: our own words.' ) } ) );
		fields.push( field( parts.TextareaControl, 'text', say( 'Words below it' ) ) );
		fields.push( field( parts.TextControl, 'button', say( 'Words of the button' ) ) );
		fields.push( field( parts.SelectControl, 'look', say( 'Look' ), { options: answers( told.looks ) } ) );
		if ( ( told.topics[ list ] || [] ).length ) {
			fields.push( field( parts.ToggleControl, 'topics', say( 'Readers can choose topics' ) ) );
		}
		return el(
			wp.element.Fragment,
			null,
			el(
				wp.blockEditor.InspectorControls,
				null,
				el(
					parts.PanelBody,
					{ title: say( 'The form' ) },
					el( 'div', { style: { display: 'grid', gap: '16px' } }, fields )
				)
			),
			el(
				'div',
				wp.blockEditor.useBlockProps(),
				el( parts.Disabled, null, el( Preview, { block: 'nashra/subscribe', attributes: now } ) )
			)
		);
	}

	wp.blocks.registerBlockType( 'nashra/subscribe', {
		edit: edit,
		save: function () {
			return null;
		},
	} );
} )( window.wp, window.nashraForm );
