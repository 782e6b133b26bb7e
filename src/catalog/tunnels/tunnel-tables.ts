export interface TunnelTables {
  tunnels: TunnelRow;
  tunnel_tokens: TunnelTokenRow;
  tunnel_certificates: TunnelCertificateRow;
}

export interface TunnelRow {
  id: string;
  workspace: string;
  /** Of all the tunnels there ever were: a row is never deleted. */
  domain: string;
  display_name: string | null;
  /** The token that is valid now. */
  token_id: string;
  created_at: number;
  archived_at: number | null;
}

/** What is known of a token, past ones too. Its text is not. */
export interface TunnelTokenRow {
  id: string;
  workspace: string;
  tunnel_id: string;
  created_at: number;
  /** Why it took its predecessor's place, where that was said. */
  reason: string | null;
}

export interface TunnelCertificateRow {
  id: string;
  workspace: string;
  tunnel_id: string;
  pem: string;
  fingerprint: string;
  expires_at: number | null;
  created_at: number;
  archived_at: number | null;
}
