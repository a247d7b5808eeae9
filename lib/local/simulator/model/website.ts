/** A website as `GET /website/{website_id}` returns it. */
export interface CrispWebsite {
  website_id: string;
  name: string;
  domain: string;
  logo: string;
  verified: boolean;
  institutional: boolean;
}

/** An entry of `…/operators/list`, snake case as on the wire. */
export interface CrispOperator {
  type: 'operator';
  details: {
    user_id: string;
    email: string;
    avatar: string;
    first_name: string;
    last_name: string;
    role: string;
    title: string;
    availability: string;
    has_token: boolean;
  };
}
