import { createHash, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { invalid } from '../validate.js';

const MAX_BYTES = 8 * 1024;

/** `ca_certificate_pem` as it comes in; what is in it, `readCaCertificate` sees. */
export const certificatePemSchema = z
  .string()
  .refine((pem) => Buffer.byteLength(pem) <= MAX_BYTES, `is larger than ${MAX_BYTES} bytes`);

export interface CaCertificate {
  /** The certificate alone, without what stood around it. */
  pem: string;
  /** SHA-256 of the DER form, in lower-case hex. */
  fingerprint: string;
  /** Null when it says of itself that it never expires. */
  expires_at: number | null;
}

/** The one CA certificate in a text, or an `invalid_request_error`. A private key is refused wherever it stands. */
export function readCaCertificate(text: string): CaCertificate {
  const labels = Array.from(text.matchAll(/-----BEGIN ([^\n-]{1,100})-----/g), ([, label = '']) => label);
  if (labels.some((label) => label.includes('PRIVATE KEY'))) throw refuse('holds a private key; send the certificate');
  const [label, ...others] = labels;
  if (label !== 'CERTIFICATE' || others.length > 0) throw refuse('must hold exactly one PEM certificate, and no more');
  const certificate = parse(text);
  if (!certificate.ca) throw refuse('is not the certificate of a CA (basic constraints: CA)');
  return {
    pem: certificate.toString(),
    fingerprint: createHash('sha256').update(certificate.raw).digest('hex'),
    expires_at: expiryOf(certificate),
  };
}

/** RFC 5280 §4.1.2.5: what a certificate without an end is given for one. */
const NEVER = Date.UTC(9999, 11, 31, 23, 59, 59);

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw refuse('is not a certificate that can be read');
  }
}

function expiryOf({ validToDate }: X509Certificate): number | null {
  const expiry = validToDate.getTime();
  if (Number.isNaN(expiry)) throw refuse('does not say when it expires');
  return expiry === NEVER ? null : expiry;
}

function refuse(message: string) {
  return invalid('ca_certificate_pem', message);
}
