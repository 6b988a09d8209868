// A list of customers as a frontend pages through it, and a page of each one's orders.
import { graphql } from 'react-relay';

export const query = graphql`
  query CustomersQuery($count: Int!) {
    ...Customers_list @arguments(count: $count)
  }
`;

export const list = graphql`
  fragment Customers_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "CustomersPageQuery") {
    customers(first: $count, after: $cursor) @connection(key: "Customers_customers") {
      edges {
        node {
          id
          name
          ...Customers_orders
        }
      }
    }
  }
`;

export const orders = graphql`
  fragment Customers_orders on Customer
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "CustomersOrdersPageQuery") {
    orders(first: $count, after: $cursor) @connection(key: "Customers_orders") {
      edges {
        node {
          number
        }
      }
    }
  }
`;
