export interface EnvironmentTables {
  environments: EnvironmentRow;
}

export interface EnvironmentRow {
  id: string;
  workspace: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  /** JSON: an EnvironmentSettings. */
  settings: string;
}
