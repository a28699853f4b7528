/* The box beside a post: a panel of the block editor, and in the classic editor what became of the post. No build. */
( function ( wp, told ) {
	'use strict';
	if ( ! wp || ! told ) {
		return;
	}

	function say( text ) {
		return told.words[ text ] || text;
	}

	function ask( post, done ) {
		wp.apiFetch( { path: '/nashra/v1/fate/' + post } ).then(
			function ( answer ) {
				done( answer && answer.lines ? answer.lines : [] );
			},
			function () {
				done( [] );
			}
		);
	}

	// The classic editor.
	Array.prototype.forEach.call( document.querySelectorAll( '.nashra-fate' ), function ( place ) {
		ask( place.getAttribute( 'data-post' ), function ( lines ) {
			if ( lines.length ) {
				var head = document.createElement( 'strong' );
				head.textContent = say( 'What became of it' );
				place.appendChild( head );
			}
			lines.forEach( function ( line ) {
				var one = document.createElement( 'div' );
				one.textContent = line;
				place.appendChild( one );
			} );
		} );
	} );

	// The panel moved from wp.editPost to wp.editor in 6.6.
	var Panel =
		( wp.editor && wp.editor.PluginDocumentSettingPanel ) || ( wp.editPost && wp.editPost.PluginDocumentSettingPanel );
	if ( ! wp.plugins || ! Panel ) {
		return;
	}
	var el = wp.element.createElement;
	var parts = wp.components;

	function Fate( props ) {
		var state = wp.element.useState( [] );
		wp.element.useEffect(
			function () {
				if ( props.post ) {
					ask( props.post, state[ 1 ] );
				}
			},
			[ props.post, props.status ]
		);
		if ( ! state[ 0 ].length ) {
			return null;
		}
		return el(
			'div',
			{ className: 'nashra-fate' },
			el( 'strong', null, say( 'What became of it' ) ),
			state[ 0 ].map( function ( line, at ) {
				return el( 'div', { key: at }, line );
			} )
		);
	}

	function Box() {
		var now = wp.data.useSelect( function ( select ) {
			var editor = select( 'core/editor' );
			return {
				type: editor.getCurrentPostType(),
				post: editor.getCurrentPostId(),
				status: editor.getCurrentPostAttribute( 'status' ),
				meta: editor.getEditedPostAttribute( 'meta' ),
			};
		}, [] );
		var change = wp.data.useDispatch( 'core/editor' ).editPost;
		// Other kinds of posts have no such values.
		if ( now.type !== 'post' || ! now.meta || now.meta.nashra_letter === undefined ) {
			return null;
		}

		function field( kind, name, label, more ) {
			var given = {
				key: name,
				label: say( label ),
				onChange: function ( value ) {
					var meta = {};
					meta[ 'nashra_' + name ] = kind === parts.CheckboxControl ? ( value ? 'yes' : '' ) : value;
					change( { meta: meta } );
				},
				__nextHasNoMarginBottom: true,
			};
			if ( kind === parts.CheckboxControl ) {
				given.checked = now.meta[ 'nashra_' + name ] === 'yes';
			} else {
				given.value = now.meta[ 'nashra_' + name ];
			}
			if ( kind === parts.SelectControl || kind === parts.TextControl ) {
				given.__next40pxDefaultSize = true;
			}
			return el( kind, Object.assign( given, more || {} ) );
		}

		function sections() {
			var known = told.sections.slice();
			var own = now.meta.nashra_section;
			if ( own && known.indexOf( own ) < 0 ) {
				known.push( own );
			}
			return [ { value: '', label: say( 'As in the post' ) } ].concat(
				known.map( function ( one ) {
					return { value: one, label: one };
				} )
			);
		}

		var empty = { help: say( 'Empty: as in the post.' ), dir: 'auto' };
		var fields = [
			field( parts.SelectControl, 'letter', 'In the letter', {
				options: [
					{ value: '', label: say( 'As the rules say' ) },
					{ value: 'yes', label: say( 'Yes' ) },
					{ value: 'lead', label: say( 'Yes, and it leads' ) },
					{ value: 'no', label: say( 'No' ) },
				].filter( function ( one ) {
					// That it leads is said by who may publish.
					return one.value !== 'lead' || told.publishes || now.meta.nashra_letter === 'lead';
				} ),
			} ),
			field( parts.TextControl, 'headline', 'Headline in the letter', empty ),
			field( parts.TextareaControl, 'summary', 'Summary in the letter', Object.assign( { rows: 3 }, empty ) ),
			told.sections.length
				? field( parts.SelectControl, 'section', 'Section in the letter', { options: sections() } )
				: field( parts.TextControl, 'section', 'Section in the letter', empty ),
		];
		if ( told.publishes ) {
			fields.push( field( parts.CheckboxControl, 'at_once', 'Send at once to those who read at once' ) );
			fields.push(
				field( parts.TextareaControl, 'correction', 'Correction', {
					rows: 3,
					dir: 'auto',
					help: say( 'A note in the next letter, for those who had it before.' ),
				} )
			);
		}
		fields.push( el( Fate, { key: 'fate', post: now.post, status: now.status } ) );
		return el(
			Panel,
			{ name: 'nashra-box', title: say( 'Newsletter' ), className: 'nashra-box' },
			// Newer WordPress leaves no room between fields.
			el( 'div', { lang: told.language, dir: told.dir, style: { display: 'grid', gap: '16px' } }, fields )
		);
	}

	wp.plugins.registerPlugin( 'nashra-box', { icon: 'email', render: Box } );
} )( window.wp, window.nashraBox );
