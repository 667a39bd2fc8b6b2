import express, { type Router } from 'express';
import helmet from 'helmet';
import { absolutePath } from 'swagger-ui-dist';

/** Of swagger-ui-dist, what the page loads. */
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Callyard API</title>
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

/** In a file of its own: the page's policy lets no script run that stands in it. */
const START = `SwaggerUIBundle({
  url: 'v1/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'none', // with all open, Swagger UI draws only what is in sight, and nothing else can be found in the page
  validatorUrl: null,
  persistAuthorization: false,
});
`;

/** `/api/docs`: the OpenAPI document for people to read and try, from our own server alone. Mounted at `/api`. */
export function createDocsRouter(): Router {
  const router = express.Router();
  router.use(
    '/docs',
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          // Swagger UI sets styles of elements as it draws, and has its icons in data URLs.
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          connectSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
    }),
  );
  router.get('/docs', (req, res) => {
    // The page's links are relative: behind a proxy that adds a prefix they still lead here.
    if (req.path.endsWith('/')) res.redirect(308, '../docs');
    else res.type('html').send(PAGE);
  });
  router.get('/docs/start.js', (_req, res) => {
    res.type('text/javascript').send(START);
  });
  for (const name of ASSETS)
    router.get(`/docs/${name}`, (_req, res) => {
      res.sendFile(name, { root: absolutePath(), maxAge: '1d' });
    });
  return router;
}
