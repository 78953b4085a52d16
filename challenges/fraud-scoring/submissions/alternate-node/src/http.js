// The HTTP surface: reads bodies within bounds, finds the route, turns refusals into answers. Knows nothing about fraud.

import http from 'node:http';
import { randomBytes } from 'node:crypto';
import { Refusal } from './validate.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const DISCARD_BYTES = 32 * 1024 * 1024; // of an oversized body: read to its end, so that the sender gets to see our answer
const DISCARD_MS = 3000;
const MAX_CONNECTIONS = 4000;

let counter = 0;
const prefix = randomBytes(4).toString('hex');

/** The caller's request id when it is harmless, else one of ours. */
function requestId(request) {
  const given = request.headers['x-request-id'];
  return given !== undefined && REQUEST_ID.test(given) ? given : `${prefix}-${(counter += 1)}`;
}

/** The whole body (at most `limit` bytes). Rejects with a Refusal; 499 when the sender went away. */
function readBody(request, limit) {
  if (request.headers['content-encoding'] && request.headers['content-encoding'] !== 'identity') {
    request.resume();
    return Promise.reject(new Refusal(415, 'content_encoding', 'compressed bodies are not taken'));
  }
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;
    let timer = null;
    const tooLarge = () => {
      clearTimeout(timer);
      reject(new Refusal(413, 'too_large', `the body must be at most ${limit} bytes`, { connection: 'close' }));
    };
    if (Number(request.headers['content-length']) > DISCARD_BYTES) return tooLarge();
    request.on('data', (chunk) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else {
        chunks.length = 0;
        timer ??= setTimeout(tooLarge, DISCARD_MS);
        if (size > DISCARD_BYTES) tooLarge();
      }
    });
    request.on('end', () => (size > limit ? tooLarge() : resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))));
    request.on('close', () => {
      clearTimeout(timer);
      reject(new Refusal(499, 'client_went_away', 'the request was not complete'));
    });
    request.on('error', () => {}); // 'close' follows
  });
}

export class HttpServer {
  closing = false;

  /** `routes`: path -> method -> handler({request, body, id, began}) giving {status, body, type?, headers?}. */
  constructor({ routes, maxBody, metrics, log, onAnswer }) {
    Object.assign(this, { routes, maxBody, metrics, log, onAnswer });
    // keep-alive outlives the idle time of usual load balancers, so that it is they who close
    const times = { keepAliveTimeout: 75_000, headersTimeout: 15_000, requestTimeout: 30_000 };
    this.server = http.createServer({ ...times, noDelay: true }, (request, response) => this.#handle(request, response));
    this.server.maxConnections = MAX_CONNECTIONS;
    this.server.on('clientError', (error, socket) => this.#clientError(error, socket));
    this.server.on('checkExpectation', (_, response) => this.#send(response, { status: 417, body: { error: 'expectation', detail: 'only 100-continue is understood' } }));
  }

  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host: '0.0.0.0', backlog: 1024 }, resolve);
    });
  }

  async #handle(request, response) {
    const began = performance.now();
    const id = requestId(request);
    const path = request.url.split('?', 1)[0];
    let answer;
    try {
      const handler = this.#route(request, path);
      const body = request.method === 'POST' ? await readBody(request, this.maxBody) : null;
      answer = await handler({ request, body, id });
    } catch (error) {
      answer = this.#failed(error, path, id);
    }
    answer.headers = { ...answer.headers, 'x-request-id': id };
    if (answer.status !== 499) this.#send(response, answer, request.method === 'HEAD');
    this.onAnswer(path, answer.status, (performance.now() - began) / 1000);
  }

  #route(request, path) {
    const methods = Object.hasOwn(this.routes, path) ? this.routes[path] : null;
    if (!methods) {
      request.resume();
      throw new Refusal(404, 'no_such_route', 'there is nothing here');
    }
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (!Object.hasOwn(methods, method)) {
      request.resume();
      const allow = Object.keys(methods).join(', ');
      throw new Refusal(405, 'method_not_allowed', `use ${allow}`, { allow });
    }
    return methods[method];
  }

  #failed(error, path, id) {
    if (error instanceof Refusal) {
      this.metrics.refused.add(error.reason);
      const fields = error.fields?.map(({ field }) => field);
      const route = Object.hasOwn(this.routes, path) ? path : 'other';
      this.log.warn('request refused', { reason: error.reason, fields, status: error.status, request_id: id, route });
      const body = { error: error.reason, detail: error.detail };
      if (error.fields) body.fields = error.fields;
      return { status: error.status, body, headers: error.headers };
    }
    this.metrics.exceptions.add();
    this.log.error('unexpected exception', { exception: error.name, at: String(error.stack).split('\n')[1]?.trim(), error: error.code, request_id: id });
    return { status: 500, body: { error: 'internal', detail: 'unexpected; the request id is in the log' } };
  }

  #send(response, { status, body, type = 'application/json', headers = {} }, head = false) {
    if (response.headersSent || response.destroyed) return;
    const content = typeof body === 'string' ? body : JSON.stringify(body);
    const all = { 'content-type': type, 'content-length': Buffer.byteLength(content), ...headers };
    if (this.closing) all.connection = 'close';
    response.writeHead(status, all);
    response.end(head ? undefined : content);
  }

  /** Bytes that are no HTTP. */
  #clientError(error, socket) {
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
    const status = { HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large', ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout' }[error.code] ?? '400 Bad Request';
    this.metrics.refused.add('bad_http');
    this.log.warn('request refused', { reason: 'bad_http', error: error.code });
    const body = JSON.stringify({ error: 'bad_http', detail: status.slice(4).toLowerCase() });
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), 500).unref();
  }

  /** Stop listening; resolves when every connection has ended. */
  close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeIdleConnections();
    return closed;
  }
}
