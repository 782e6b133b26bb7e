export interface ProfileTables {
  user_profiles: UserProfileRow;
}

export interface UserProfileRow {
  id: string;
  workspace: string;
  created_at: number;
  updated_at: number;
  /** The name with its ASCII letters in lower case, for the list; null when there is none. */
  name_key: string | null;
  /** When its end user confirmed it at an enrolment URL. */
  enrolled_at: number | null;
  /** JSON: a ProfileSettings. */
  settings: string;
}
