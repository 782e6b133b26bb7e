export interface SkillTables {
  skills: SkillRow;
  skill_versions: SkillVersionRow;
  session_skills: SessionSkillRow;
}

export interface SkillRow {
  id: string;
  workspace: string;
  /** As its SKILL.md calls it; the same in all versions. */
  name: string;
  display_name: string;
  source: 'custom' | 'anthropic';
  latest_version_id: string;
  created_at: number;
  updated_at: number;
}

export interface SkillVersionRow {
  id: string;
  workspace: string;
  skill_id: string;
  description: string;
  /** The hash of its zip archive. */
  content: string;
  /** Of the archive. */
  size_bytes: number;
  created_at: number;
}

/** What a session has of a skill, which may have been deleted since. */
export interface SessionSkillRow {
  session_id: string;
  position: number;
  skill_id: string;
  version_id: string;
  /** Its directory's name: the skill's, and a number where another one is called the same. */
  directory: string;
  name: string;
  description: string;
  content: string;
}
