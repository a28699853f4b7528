// The token stands behind the # of the address, a part that no browser sends. It goes to the desk once, in a form.
const form = document.getElementById("enter");
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
if (form && token) {
  form.elements.token.value = token;
  form.requestSubmit();
}
