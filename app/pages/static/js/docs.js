// Shows the contract in Swagger UI; the validator of its vendor's host is switched off.
"use strict";

const reference = document.getElementById("reference");
SwaggerUIBundle({
  url: reference.dataset.contractUrl,
  domNode: reference,
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
